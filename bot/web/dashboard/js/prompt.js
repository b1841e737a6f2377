// Where lines are typed. Tab completes and goes on to the next; arrows move in the list, or in the history without one.
import { connected, keep, recall, say } from "tiller";

const SHELF = "tiller.history";
const KEPT = 200;
const PAUSE_MS = 60;

export default {
  template: `
    <form class="t-prompt" @submit.prevent="enter">
      <ul v-if="open && offers.length" class="t-offers" role="listbox" aria-label="Completions" ref="list">
        <li v-for="(o, i) in offers" :key="o.text" role="option" :aria-selected="i === picked"
            :class="{picked: i === picked}" @mousedown.prevent="accept(i)">
          <b>{{ o.text }}</b><span>{{ o.help }}</span>
        </li>
      </ul>
      <p v-if="problem" class="t-problem" role="alert">{{ problem }}</p>
      <input ref="input" type="text" v-model="text" @input="typed" @keydown="pressed" @blur="open = false" role="combobox"
             aria-label="Command" :aria-expanded="open && offers.length > 0" aria-autocomplete="list"
             placeholder="/buy BTC/USDT $100" aria-keyshortcuts="Control+K /" autocomplete="off" autocapitalize="off" autocorrect="off"
             spellcheck="false" enterkeyhint="send" maxlength="4000" />
      <button type="submit" :disabled="!text.trim()" aria-label="Send">Send</button>
    </form>`,
  data() {
    return { text: "", offers: [], picked: -1, open: false, problem: "" };
  },
  created() {
    this.number = 0;
    this.answered = -1;
    this.origin = null; // the text and cursor that the offers are for
    this.tabbed = false; // Tab was pressed before the offers came
    this.left = false; // Escape was pressed: the next Tab leaves the field
    this.kept = recall(localStorage, SHELF, []);
    this.history = [...this.kept];
    this.at = this.history.length;
    this.draft = "";
    this.onKept = (event) => {
      this.kept = [...this.kept.filter((line) => line !== event.detail), event.detail].slice(-KEPT);
      keep(localStorage, SHELF, this.kept);
    };
    this.onOffline = () => (this.problem = "Not connected: nothing was sent.");
    this.onSent = () => (this.problem = "");
  },
  mounted() {
    window.addEventListener("tiller:kept", this.onKept);
    window.addEventListener("tiller:offline", this.onOffline);
    window.addEventListener("tiller:sent", this.onSent);
    window.addEventListener("keydown", this.shortcut);
    if (matchMedia("(min-width: 700px)").matches) this.$refs.input.focus();
  },
  beforeUnmount() {
    window.removeEventListener("tiller:kept", this.onKept);
    window.removeEventListener("tiller:offline", this.onOffline);
    window.removeEventListener("tiller:sent", this.onSent);
    window.removeEventListener("keydown", this.shortcut);
  },
  methods: {
    // --- called by the server ---
    offer(number, offers) {
      if (number !== this.number) return;
      this.answered = number;
      this.offers = offers;
      this.picked = -1;
      const word = this.origin.text.slice(offers[0]?.start ?? 0, this.origin.cursor);
      this.open = offers.length > 0 && !(offers.length === 1 && offers[0].text === word);
      if (this.tabbed) {
        this.tabbed = false;
        this.next(1);
      }
    },
    // --- keys ---
    // Ctrl-K from anywhere, or / where nothing else is being typed, goes to the line.
    shortcut(event) {
      const slash = event.key === "/" && !event.target.closest("input, select, textarea");
      const asked = slash || (event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey));
      if (!asked || event.isComposing || document.querySelector("dialog[open]")) return;
      event.preventDefault();
      window.dispatchEvent(new CustomEvent("tiller:tab", { detail: "chat" }));
      if (slash && !this.text) this.text = "/";
      this.$nextTick(() => this.$refs.input.focus());
    },
    typed() {
      this.picked = -1;
      this.left = false;
      this.problem = "";
      clearTimeout(this.timer);
      if (!this.text) {
        this.close();
        return;
      }
      this.timer = setTimeout(this.ask, PAUSE_MS);
    },
    ask() {
      clearTimeout(this.timer);
      this.number += 1;
      this.origin = { text: this.text, cursor: this.$refs.input.selectionEnd ?? this.text.length };
      this.$emit("complete", { ...this.origin, number: this.number });
    },
    pressed(event) {
      if (event.isComposing) return;
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (event.key === "Tab" && !this.left) {
        event.preventDefault();
        const here = this.origin?.text === this.text && this.origin.cursor === this.$refs.input.selectionEnd;
        const known = this.answered === this.number && (this.picked >= 0 || here);
        if (known && this.offers.length) this.next(event.shiftKey ? -1 : 1);
        else if (!known) {
          this.tabbed = true;
          this.ask();
        }
      } else if (event.key === "Escape") {
        if (this.picked >= 0) this.put(this.origin.text, this.origin.cursor);
        this.close();
        this.left = true;
      } else if (step && this.open && this.picked >= 0) {
        event.preventDefault();
        this.next(step);
      } else if (step) {
        event.preventDefault();
        this.recall(step);
      }
    },
    next(step) {
      if (!this.offers.length) return;
      if (this.offers.length === 1) {
        this.accept(0);
        return;
      }
      this.open = true;
      this.picked = (this.picked + step + this.offers.length + (this.picked < 0 && step < 0 ? 1 : 0)) % this.offers.length;
      this.fill(this.offers[this.picked], "");
      this.$nextTick(() => this.$refs.list?.children[this.picked]?.scrollIntoView({ block: "nearest" }));
    },
    accept(i) {
      const offer = this.offers[i];
      this.fill(offer, offer.text.endsWith("=") ? "" : " ");
      this.picked = -1;
      this.$refs.input.focus();
      this.$nextTick(this.ask);
    },
    fill(offer, gap) {
      const { text, cursor } = this.origin;
      const begin = text.slice(0, offer.start) + offer.text + gap;
      this.put(begin + text.slice(cursor).replace(/^ /, gap ? "" : " "), begin.length);
    },
    put(text, cursor) {
      this.text = text;
      this.$nextTick(() => this.$refs.input.setSelectionRange(cursor, cursor));
    },
    close() {
      clearTimeout(this.timer);
      this.number += 1; // what was asked for comes too late
      this.open = false;
      this.offers = [];
      this.picked = -1;
      this.answered = -1;
    },
    recall(step) {
      const to = Math.min(Math.max(this.at + step, 0), this.history.length);
      if (to === this.at) return;
      if (this.at === this.history.length) this.draft = this.text;
      this.at = to;
      const text = to === this.history.length ? this.draft : this.history[to];
      this.close();
      this.put(text, text.length);
    },
    enter() {
      if (this.picked >= 0 && this.open) {
        this.accept(this.picked);
        return;
      }
      const line = this.text.trim();
      if (!line) return;
      if (!connected()) {
        this.onOffline();
        return;
      }
      this.close();
      this.history = [...this.history.filter((known) => known !== line), line].slice(-KEPT);
      this.at = this.history.length;
      this.text = "";
      say(line, true);
    },
  },
};
