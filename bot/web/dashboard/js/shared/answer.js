// A reply: text, picture, table, and buttons or the phrase to type. All text is shown as text, never as markup.
import { isNumber, sign, slashed } from "./lines.js";

const ROOM = 480; // pixels, from which on the checks that pass are unfolded
const CHECK = /^(pass|DENY)  ([A-Z_]+): (.*)$/;

// The text in stretches: of words, and of checks, those that deny before those that pass.
function stretches(text) {
  const found = [];
  for (const line of text.split("\n")) {
    const check = line.match(CHECK);
    if (!found.length || !!found.at(-1).checks !== !!check) found.push(check ? { checks: [] } : { lines: [] });
    if (check) found.at(-1).checks.push({ passed: check[1] === "pass", code: check[2], text: check[3] });
    else found.at(-1).lines.push(line);
  }
  const words = (s) => (s.checks ? s : { text: s.lines.join("\n").trim() });
  const sides = (s) => (s.checks ? { denied: s.checks.filter((c) => !c.passed), passed: s.checks.filter((c) => c.passed) } : s);
  return found.map(words).map(sides).filter((s) => s.text !== "");
}

export default {
  template: `
    <div :class="['t-reply', 'tone-' + reply.tone]">
      <template v-for="part in parts">
        <div v-if="part.text" class="t-text">{{ part.text }}</div>
        <div v-else class="t-judged">
          <p v-for="c in part.denied" class="tone-bad"><b>DENY</b> {{ c.code }}<span>{{ c.text }}</span></p>
          <details v-if="part.passed.length" :open="roomy">
            <summary>{{ part.passed.length }} checks pass</summary>
            <p v-for="c in part.passed">{{ c.code }}<span>{{ c.text }}</span></p>
          </details>
        </div>
      </template>
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
    return { typed: "", roomy: false };
  },
  mounted() {
    this.roomy = this.$el.clientWidth > ROOM;
  },
  computed: {
    parts() {
      return stretches(this.reply.text);
    },
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
