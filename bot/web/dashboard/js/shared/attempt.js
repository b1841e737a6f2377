// A message of a source to try: how it is read, each check and the exact request. Nothing is stored or sent.
import Answer from "./answer.js";
import { connected } from "./lines.js";
import { placeOf } from "./place.js";

export default {
  components: { Answer },
  template: `
    <form class="t-attempt" @submit.prevent="go">
      <label>Message, as TradingView would send it
        <textarea v-model="text" @input="waiting = false" rows="6" autocomplete="off" autocapitalize="off" spellcheck="false"
                  placeholder="buy BTC/USDT 0.01" @keydown.ctrl.enter="go" @keydown.meta.enter="go"></textarea></label>
      <div class="t-buttons">
        <button type="submit" class="main" :disabled="!text.trim() || waiting">{{ waiting ? "Reading" : "Show how it is read" }}</button>
        <span class="t-note">Nothing is stored or sent.</span>
      </div>
      <div v-if="answer" role="status" aria-label="How it is read">
        <p v-if="answer.text !== text" class="tone-warn">The message has changed since.</p>
        <pre v-if="place" class="t-place" aria-label="The place"><span>{{ place.line }}</span>{{ place.before }}<mark>{{ place.here }}</mark>{{ place.after }}</pre>
        <Answer :reply="answer.reply" :pressed="true" />
      </div>
    </form>`,
  props: { answer: Object },
  emits: ["attempt"],
  data() {
    return { text: "", waiting: false };
  },
  computed: {
    place() {
      return placeOf(this.answer.text, this.answer.reply.text);
    },
  },
  watch: {
    answer() {
      this.waiting = false;
    },
  },
  methods: {
    go() {
      if (!this.text.trim() || this.waiting) return;
      this.waiting = connected();
      if (this.waiting) this.$emit("attempt", this.text);
      else window.dispatchEvent(new CustomEvent("tiller:offline"));
    },
  },
};
