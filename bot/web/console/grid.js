// A table of the books. A press sends a command line; an action with a form asks for its fields first.
const NUMBER = /^[-+]?[0-9][0-9.,]*( [A-Z]{3,5})?$/;
const REST_MS = 1500;

export default {
  template: `
    <div class="t-grid">
      <div class="t-wide">
        <table v-if="rows.length">
          <thead><tr><th v-for="(c, i) in columns" :class="{num: right(i)}">{{ c }}</th><th v-if="acts" class="t-acts"></th></tr></thead>
          <tbody>
            <tr v-for="row in rows" :key="row.key">
              <td v-for="(c, i) in row.cells" :class="[right(i) ? 'num' : '', c.tone ? 'tone-' + c.tone : '']"
                  :data-label="columns[i]">{{ c.text }}</td>
              <td v-if="acts" class="t-acts">
                <button v-for="a in row.actions" type="button" :title="a.line" :disabled="resting === row.key + a.label"
                        @click="press(row, a)">{{ a.label }}</button>
              </td>
            </tr>
          </tbody>
        </table>
        <p v-else class="t-none">{{ empty }}</p>
      </div>
      <dialog ref="dialog" @click.self="$refs.dialog.close()">
        <form v-if="asking" method="dialog" @submit="submit">
          <h2>{{ asking.label }}</h2>
          <p>{{ asking.line }}</p>
          <label v-for="f in fields">{{ f.label }}<input v-model="f.value" inputmode="decimal" autocomplete="off" /></label>
          <div class="t-buttons">
            <button type="button" @click="$refs.dialog.close()">Cancel</button>
            <button type="submit" class="main" :disabled="!changes.length">{{ asking.label }}</button>
          </div>
        </form>
      </dialog>
    </div>`,
  props: { columns: Array, rows: Array, empty: String },
  data() {
    return { asking: null, fields: [], resting: "" };
  },
  computed: {
    acts() {
      return this.rows.some((row) => row.actions.length);
    },
    changes() {
      return this.fields.filter((f) => f.value.trim() && f.value.trim() !== f.before);
    },
  },
  methods: {
    right(i) {
      return this.rows.every((row) => NUMBER.test(row.cells[i].text) || row.cells[i].text === "-");
    },
    press(row, action) {
      if (action.form) {
        this.asking = action;
        this.fields = action.form.map((f) => ({ ...f, before: f.value }));
        this.$nextTick(() => this.$refs.dialog.showModal());
        return;
      }
      this.resting = row.key + action.label; // one press is one line
      setTimeout(() => (this.resting = ""), REST_MS);
      this.say(action.line);
    },
    submit() {
      const words = this.changes.map((f) => `${f.name}=${f.value.trim().replace(/\s/g, "")}`);
      this.say([this.asking.line, ...words].join(" "));
    },
    say(line) {
      window.dispatchEvent(new CustomEvent("tiller:line", { detail: { line } }));
    },
  },
};
