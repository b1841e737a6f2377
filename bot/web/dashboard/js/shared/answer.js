// A reply: text, picture, table, and buttons or the phrase to type. All text is shown as text, never as markup.
import { isNumber, sign, slashed } from "./lines.js";

export default {
  template: `
    <div :class="['t-reply', 'tone-' + reply.tone]">
      <div v-if="reply.text" class="t-text">{{ reply.text }}</div>
      <img v-if="reply.image" :src="reply.image" alt="chart" />
      <div v-if="reply.table" class="t-wide" tabindex="0" role="region" aria-label="Table">
        <table>
          <thead><tr><th v-for="(c, i) in reply.table.columns" :class="{num: right(i)}">{{ c }}</th></tr></thead>
          <tbody>
            <tr v-for="row in reply.table.rows">
              <td v-for="(c, i) in row" :class="[right(i) ? 'num' : '', sign(c)]">{{ c }}</td>
            </tr>
            <tr v-if="!reply.table.rows.length"><td class="t-none">none</td></tr>
          </tbody>
        </table>
      </div>
      <div v-if="reply.buttons.length && !pressed" class="t-buttons">
        <form v-if="reply.phrase" @submit.prevent="$emit('press', reply.buttons[0].line + ' ' + typed.trim())">
          <input v-model="typed" :placeholder="reply.phrase" aria-label="Type the phrase"
                 autocomplete="off" autocapitalize="off" spellcheck="false" />
          <button :disabled="!typed">{{ reply.buttons[0].label }}</button>
        </form>
        <button v-for="b in rest" type="button" :title="slashed(b.line)" @click="$emit('press', b.line)">{{ b.label }}</button>
      </div>
    </div>`,
  props: { reply: Object, pressed: Boolean },
  emits: ["press"],
  data() {
    return { typed: "" };
  },
  computed: {
    rest() {
      return this.reply.phrase ? this.reply.buttons.slice(1) : this.reply.buttons;
    },
  },
  methods: {
    slashed,
    sign,
    right(i) {
      return this.reply.table.rows.length > 0 && this.reply.table.rows.every((row) => isNumber(row[i]));
    },
  },
};
