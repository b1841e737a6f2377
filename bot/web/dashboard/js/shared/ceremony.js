// The kill switch asks what to stop and what becomes of positions. Closing them needs a typed word as well.
import { say } from "./lines.js";

const WORD = "FLATTEN";

export default {
  template: `
    <dialog ref="dialog" class="t-ceremony" aria-labelledby="t-kill-title" @click.self="close">
      <form method="dialog" @submit="kill">
        <h2 id="t-kill-title">Stop trading?</h2>
        <label>What to stop
          <select v-model="scope" aria-label="What to stop">
            <option v-for="s in stakes.scopes" :key="s.name" :value="s.name">{{ s.label }}</option>
          </select>
        </label>
        <fieldset>
          <legend>It is halted, also after a restart, until somebody resumes it.</legend>
          <label class="t-pick"><input type="radio" name="flatten" :value="false" v-model="flatten" />
            <span><b>Keep positions</b>{{ sentence(stakes.keeps) }}</span></label>
          <label class="t-pick"><input type="radio" name="flatten" :value="true" v-model="flatten" />
            <span><b>Close positions too</b>{{ sentence(stakes.flattens) }}</span></label>
        </fieldset>
        <p>Now: {{ meets.orders }}; {{ meets.positions }}.</p>
        <label v-if="flatten">Type {{ word }} to close everything at the market
          <input v-model="typed" autocomplete="off" autocapitalize="characters" spellcheck="false" /></label>
        <code>{{ line }}</code>
        <div class="t-buttons">
          <button type="button" autofocus @click="close">Back</button>
          <button type="submit" class="danger" :disabled="!agreed">{{ flatten ? "Kill and flatten" : "Kill" }}</button>
        </div>
      </form>
    </dialog>`,
  props: { stakes: Object },
  data() {
    return { scope: "all", flatten: false, typed: "", word: WORD };
  },
  computed: {
    meets() {
      return this.stakes.scopes.find((s) => s.name === this.scope) ?? this.stakes.scopes[0];
    },
    line() {
      return `/kill${this.scope === "all" ? "" : " " + this.scope}${this.flatten ? " flatten=yes" : ""}`;
    },
    agreed() {
      return !this.flatten || this.typed.trim().toUpperCase() === WORD;
    },
  },
  methods: {
    sentence: (text) => text[0].toUpperCase() + text.slice(1) + ".",
    // Called by the bar.
    open() {
      Object.assign(this, { scope: "all", flatten: false, typed: "" });
      this.$refs.dialog.showModal();
    },
    close() {
      this.$refs.dialog.close();
    },
    kill() {
      if (this.agreed) say(this.line);
    },
  },
};
