// The journal behind a filter. New entries come in at the top, until somebody looks further back.
const PAUSE_MS = 300;

export default {
  template: `
    <div class="t-journal">
      <form class="t-filter" role="search" @submit.prevent="ask">
        <input v-model="text" @input="soon" placeholder="Text" aria-label="Text in the journal" autocomplete="off" spellcheck="false" />
        <select v-model="type" @change="ask" aria-label="Type of entry">
          <option value="">All types</option>
          <option v-for="t in types" :key="t" :value="t">{{ t }}</option>
        </select>
        <input v-model="order" @input="soon" placeholder="Order id" aria-label="Order id" autocomplete="off" autocapitalize="off" spellcheck="false" />
        <button v-if="text || type || order" type="button" @click="clear">Clear</button>
      </form>
      <ol class="t-entries" tabindex="0" aria-label="Entries of the journal" ref="list">
        <li v-for="r in rows" :key="r.seq">
          <span class="num">{{ r.seq }}</span><time>{{ r.at }}</time><b>{{ r.type }}</b>
          <button v-if="r.order_id" type="button" class="t-link" :title="'Only order ' + r.order_id" @click="only(r.order_id)">{{ r.order_id.slice(0, 6) }}</button>
          <span class="t-text" :title="r.text">{{ r.text }}</span>
        </li>
      </ol>
      <p class="t-foot">
        <span>{{ told || (live ? "New entries appear by themselves." : "Older entries.") }}</span>
        <button v-if="rows.length >= 100 || told.startsWith('Looked')" type="button" @click="older">Older</button>
        <button v-if="!live" type="button" @click="ask">Newest</button>
      </p>
    </div>`,
  props: { rows: Array, types: Array, told: String, live: Boolean },
  data() {
    return { text: "", type: "", order: "" };
  },
  methods: {
    soon() {
      clearTimeout(this.timer);
      this.timer = setTimeout(this.ask, PAUSE_MS);
    },
    ask() {
      clearTimeout(this.timer);
      this.$emit("filter", { text: this.text, type: this.type, order: this.order });
      this.$refs.list.scrollTop = 0;
    },
    clear() {
      this.text = this.type = this.order = "";
      this.ask();
    },
    only(id) {
      this.text = this.type = "";
      this.order = id;
      this.ask();
    },
    older() {
      this.$emit("older");
      this.$refs.list.scrollTop = 0;
    },
  },
};
