// A table of the books. A press sends a command line; an action with a form asks for its fields first.
import { isNumber, say } from "tiller";

const REST_MS = 1500;

export default {
  template: `
    <div class="t-grid">
      <div class="t-wide" :tabindex="rows.length ? 0 : -1" role="region" aria-label="Table">
        <table v-if="rows.length">
          <thead><tr><th v-for="(c, i) in columns" :class="{num: right(i)}" scope="col">{{ c }}</th><th v-if="acts" class="t-acts"><span class="t-unseen">Actions</span></th></tr></thead>
          <tbody>
            <tr v-for="row in rows" :key="row.key">
              <td v-for="(c, i) in row.cells" :class="[right(i) ? 'num' : '', c.tone ? 'tone-' + c.tone : '']"
                  :data-label="columns[i]" :colspan="row.cells.length === 1 ? columns.length : null">{{ c.text }}<small v-if="c.note">{{ c.note }}</small></td>
              <td v-if="acts" class="t-acts">
                <button v-for="a in row.actions" type="button" :title="a.line" :disabled="resting === row.key + a.label"
                        :aria-label="a.label + ' ' + row.cells[0].text" @click="press(row, a)">{{ a.label }}</button>
              </td>
            </tr>
          </tbody>
        </table>
        <p v-else class="t-none">{{ empty }}</p>
      </div>
      <dialog ref="dialog" :aria-label="asking?.label" @click.self="$refs.dialog.close()">
        <form v-if="asking" method="dialog" @submit="submit">
          <h2>{{ asking.label }}</h2>
          <label v-for="f in fields">{{ f.label }}<input v-model="f.value" inputmode="decimal" autocomplete="off" />
            <span v-if="f.choices.length" class="t-buttons">
              <button v-for="c in f.choices" type="button" :class="{on: f.value === c}" @click="f.value = c">{{ c }}</button></span></label>
          <code>{{ line }}</code>
          <div class="t-buttons">
            <button type="button" @click="$refs.dialog.close()">Back</button>
            <button type="submit" class="main" :disabled="!words.length">{{ asking.label }}</button>
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
    words() {
      const given = (f) => f.value.trim().replace(/\s/g, "");
      const wanted = this.fields.filter((f) => given(f) && (!f.name || given(f) !== f.before));
      return wanted.map((f) => (f.name ? `${f.name}=${given(f)}` : given(f)));
    },
    line() {
      return [this.asking.line, ...this.words, this.asking.tail].filter(Boolean).join(" ");
    },
  },
  methods: {
    right(i) {
      return this.rows.every((row) => row.cells.length === 1 || isNumber(row.cells[i].text));
    },
    press(row, action) {
      if (action.form.length) {
        this.asking = action;
        this.fields = action.form.map((f) => ({ ...f, before: f.value }));
        this.$nextTick(() => this.$refs.dialog.showModal());
        return;
      }
      this.resting = row.key + action.label; // one press is one line
      setTimeout(() => (this.resting = ""), REST_MS);
      say(action.line);
    },
    submit() {
      say(this.line);
    },
  },
};
