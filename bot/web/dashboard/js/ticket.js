// The order form. It only writes a command line: the same line can be typed, and the desk judges it the same way.
import { Answer, connected, say } from "tiller";

const ENTRY = ["size", "reduce", "sl", "tp", "trail"];
const WAITS = ["limit", "tif", "post", "iceberg"];
const TYPES = {
  market: { label: "Market", asks: [...ENTRY, "tif"], needs: ["size"], tif: ["", "ioc", "fok"] },
  limit: { label: "Limit", asks: [...ENTRY, ...WAITS], needs: ["size", "limit"] },
  stop: { label: "Stop", asks: [...ENTRY, "stop"], needs: ["size", "stop"] },
  stop_limit: { label: "Stop limit", asks: [...ENTRY, "stop", "limit", "tif"], needs: ["size", "stop", "limit"] },
  trailing: { label: "Trailing stop", asks: ["size", "trail"], needs: ["size", "trail"], reduces: true },
  oco: { label: "OCO: target or stop", asks: ["size", "tp", "sl"], needs: ["size", "tp", "sl"], command: "oco" },
  take: { label: "Take profit of a position", asks: ["tp"], needs: ["tp"], command: "tp", alone: "tp" },
  loss: { label: "Stop loss of a position", asks: ["sl"], needs: ["sl"], command: "sl", alone: "sl" },
};
const PRICES = { limit: "Limit price", stop: "Stop price", sl: "Stop loss", tp: "Take profit", trail: "Trail: 500 or 1.5%", iceberg: "Iceberg: shown" };
const UNITS = { units: (n) => n, value: (n) => `$${n}`, equity: (n) => `${n}%`, risk: (n) => `risk=${n}%` };
const EMPTY = { size: "", limit: "", stop: "", sl: "", tp: "", trail: "", iceberg: "", tif: "", reduce: false, post: false };

export default {
  components: { Answer },
  template: `
    <form class="t-ticket" @submit.prevent="place">
      <fieldset class="t-sides" v-if="!kind.command"><legend class="t-unseen">Side</legend>
        <label v-for="s in ['buy', 'sell']" :class="['is-' + s, {on: side === s}]"><input type="radio" name="side" :value="s" v-model="side" />{{ s.toUpperCase() }}</label>
      </fieldset>
      <label>Type<select v-model="type"><option v-for="(t, name) in types" :key="name" :value="name">{{ t.label }}</option></select></label>
      <label v-if="accounts.length > 1">Account<select v-model="account"><option v-for="a in accounts" :key="a.name">{{ a.name }}</option></select></label>
      <label>Symbol<input v-model="symbol" list="t-symbols" autocapitalize="characters" autocomplete="off" spellcheck="false" />
        <datalist id="t-symbols"><option v-for="s in symbols" :key="s" :value="s" /></datalist></label>
      <label v-if="asks('size')">Size<span class="t-pair">
        <input v-model="given.size" inputmode="decimal" autocomplete="off" placeholder="0.01" />
        <select v-model="unit" aria-label="What the size counts">
          <option value="units">units</option><option value="value">$ value</option><option value="equity">% equity</option><option value="risk">% risk</option>
        </select></span></label>
      <label v-for="name in shown" :key="name">{{ prices[name] }}<input v-model="given[name]" inputmode="decimal" autocomplete="off" :placeholder="needs(name) ? 'needed' : ''" /></label>
      <label v-if="asks('tif')">Time in force<select v-model="given.tif">
        <option v-for="t in kind.tif ?? ['', 'gtc', 'ioc', 'fok']" :key="t" :value="t">{{ t.toUpperCase() || "usual" }}</option></select></label>
      <div class="t-checks">
        <label v-if="asks('reduce')"><input type="checkbox" v-model="given.reduce" />Reduce only</label>
        <label v-if="asks('post')"><input type="checkbox" v-model="given.post" />Post only</label>
      </div>
      <code aria-label="The line" aria-live="polite">{{ line }}</code>
      <div class="t-buttons">
        <button v-if="!kind.alone" type="button" :disabled="!complete || waiting" @click="preview">{{ waiting ? "Looking" : "Preview" }}</button>
        <button type="submit" :class="['main', kind.command ? '' : 'is-' + side]" :disabled="!complete">{{ kind.command ? "Place" : side === "buy" ? "Buy" : "Sell" }}</button>
      </div>
      <div v-if="answer" class="t-preview" role="status" aria-label="Preview">
        <p><b>Preview, nothing was sent</b><button type="button" class="t-link" @click="answer = null">Close</button></p>
        <code>{{ tried }}</code><p v-if="tried !== line" class="tone-warn">The form has changed since.</p>
        <Answer :reply="answer" :pressed="true" />
      </div>
    </form>`,
  props: { accounts: Array },
  data() {
    return { side: "buy", type: "market", account: this.accounts[0]?.name ?? "", symbol: this.accounts[0]?.symbols[0] ?? "",
             unit: "units", given: { ...EMPTY }, answer: null, tried: "", waiting: false, types: TYPES, prices: PRICES };
  },
  computed: {
    kind() {
      return TYPES[this.type];
    },
    symbols() {
      return this.accounts.find((a) => a.name === this.account)?.symbols ?? [];
    },
    shown() {
      return Object.keys(PRICES).filter((name) => this.asks(name));
    },
    complete() {
      return !!this.word(this.symbol) && this.kind.needs.every((name) => this.word(this.given[name]));
    },
    line() {
      const { kind, given } = this;
      const size = this.word(given.size) && UNITS[this.unit](this.word(given.size));
      const words = ["/" + (kind.command ?? this.side), this.word(this.symbol)];
      if (this.asks("size")) words.push(size);
      if (this.asks("limit")) words.push(this.word(given.limit));
      if (kind.alone) words.push(this.word(given[kind.alone]));
      for (const name of ["stop", "sl", "tp", "trail", "tif", "iceberg"])
        if (this.asks(name) && name !== kind.alone && this.word(given[name])) words.push(`${name}=${this.word(given[name])}`);
      if (this.asks("post") && given.post) words.push("post=yes");
      if (kind.reduces || (this.asks("reduce") && given.reduce)) words.push("reduce=yes");
      if (this.accounts.length > 1) words.push(`account=${this.account}`);
      return words.filter(Boolean).join(" ");
    },
  },
  mounted() {
    this.chosen = (event) => (this.symbol = event.detail);
    window.addEventListener("tiller:symbol", this.chosen);
  },
  beforeUnmount() {
    window.removeEventListener("tiller:symbol", this.chosen);
  },
  watch: {
    accounts() {
      this.account ||= this.accounts[0]?.name ?? "";
      this.symbol ||= this.symbols[0] ?? "";
    },
    type() {
      if (this.kind.tif && !this.kind.tif.includes(this.given.tif)) this.given.tif = "";
    },
  },
  methods: {
    // --- called by the server ---
    previewed(line, reply) {
      this.waiting = false;
      this.tried = line;
      this.answer = reply;
    },
    // --- the form ---
    asks(name) {
      return this.kind.asks.includes(name);
    },
    needs(name) {
      return this.kind.needs.includes(name);
    },
    word: (text) => text.replace(/\s/g, ""),
    preview() {
      this.waiting = connected();
      if (this.waiting) this.$emit("preview", this.line);
      else window.dispatchEvent(new CustomEvent("tiller:offline"));
    },
    place() {
      if (!this.complete) return;
      say(this.line);
      this.answer = null;
    },
  },
};
