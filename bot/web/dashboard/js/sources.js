// Who may send alerts: made, set up and tried here. What changes something is a line, as it could be typed.
import { Answer, Attempt, connected, Copy, key } from "tiller";

const PARTS = { setup: "Set up", attempt: "Try a message" };
const ASKED = {
  rotate: { title: "A new address for", says: "The old one is worthless at once: alerts that still have it are refused.", press: "New address" },
  remove: { title: "Remove", says: "Its alerts are refused from now on, and its address is gone for good.", press: "Remove" },
};

export default {
  components: { Answer, Attempt, Copy },
  template: `
    <div class="t-sources">
      <h3>Sources of alerts
        <button type="button" :aria-expanded="making" @click="making = !making">New source</button></h3>
      <p v-if="problem" class="tone-bad">{{ problem }}</p>
      <form v-if="making" class="t-new" aria-label="New source" @submit.prevent="make" @input="waiting = false">
        <label>Name, a word of your own<input v-model="given.name" placeholder="pine" autocomplete="off" autocapitalize="off" spellcheck="false" /></label>
        <label>Account<select v-model="given.account"><option v-for="a in accounts" :key="a">{{ a }}</option></select></label>
        <label>May act as<select v-model="given.role"><option>trader</option><option>viewer</option><option>admin</option></select></label>
        <code aria-label="The line of the source">{{ made }}</code>
        <div class="t-buttons"><button type="submit" class="main" :disabled="!named || waiting">Make it</button></div>
      </form>
      <Answer v-if="refusal" :reply="refusal" :pressed="true" role="alert" />
      <p v-if="!sources.length && !making" class="t-none">None yet. TradingView and others need one to send alerts here.</p>
      <section v-for="s in sources" :key="s.name" class="t-source" :aria-label="'Source ' + s.name">
        <header>
          <p><b>{{ s.name }}</b> {{ s.told }}</p>
          <div class="t-buttons">
            <button v-for="(label, part) in parts" type="button" :key="part" :aria-expanded="open[s.name] === part"
                    @click="toggle(s.name, part)">{{ label }}</button>
          </div>
        </header>
        <div v-if="open[s.name] === 'setup'" class="t-setup">
          <h4>1. In the alert of TradingView: Notifications, Webhook URL</h4>
          <p class="t-copied"><code aria-label="Address">{{ fresh[s.name] ?? s.address }}</code>
            <Copy v-if="fresh[s.name]" :text="fresh[s.name]" label="Copy the address" /></p>
          <p v-if="fresh[s.name]" class="tone-warn">{{ keep }}</p>
          <p v-else-if="s.is_made">Its secret was shown once, when it was made. A new address has another.</p>
          <p v-else>Its secret stands in the settings: [webhooks.{{ s.name }}].</p>
          <p v-if="s.address.includes('YOUR-HOST')">YOUR-HOST is the name under which others reach this desk, by https on port 443: the setting [web] url says it.</p>
          <h4>2. Its Message</h4>
          <label><span class="t-unseen">What the alert is made for</span>
            <select v-model="chosen"><option v-for="(m, i) in messages" :key="m.name" :value="i">{{ m.name }}</option></select></label>
          <p>{{ messages[chosen].about }}</p>
          <div class="t-copied"><pre aria-label="The message" tabindex="0">{{ messages[chosen].text }}</pre>
            <Copy :text="messages[chosen].text" label="Copy the message" /></div>
          <div v-if="s.is_made" class="t-buttons">
            <button type="button" @click="ask(s.name, 'rotate')">New address</button>
            <button type="button" @click="ask(s.name, 'remove')">Remove</button>
          </div>
        </div>
        <Attempt v-show="open[s.name] === 'attempt'" :answer="answers[s.name]" @attempt="attempt(s.name, $event)" />
      </section>
      <dialog ref="dialog" aria-labelledby="t-source-title" @click.self="$refs.dialog.close()">
        <form v-if="asked" method="dialog" @submit="send(asked.name, asked.line)">
          <h2 id="t-source-title">{{ asked.title }} {{ asked.name }}?</h2>
          <p>{{ asked.says }}</p>
          <code>{{ asked.line }}</code>
          <div class="t-buttons">
            <button type="button" autofocus @click="$refs.dialog.close()">Back</button>
            <button type="submit" class="main">{{ asked.press }}</button>
          </div>
        </form>
      </dialog>
    </div>`,
  props: { sources: Array, accounts: Array, messages: Array, problem: String, keep: String },
  data() {
    return { parts: PARTS, making: false, given: { name: "", account: this.accounts[0] ?? "", role: "trader" }, waiting: false,
             refusal: null, open: {}, fresh: {}, answers: {}, chosen: 0, asked: null };
  },
  computed: {
    named() {
      return this.given.name.replace(/\s/g, "").toLowerCase();
    },
    made() {
      return `/webhook ${this.named || "NAME"} new account=${this.given.account} role=${this.given.role}`;
    },
  },
  methods: {
    // --- called by the server ---
    // `address` holds the secret: it is shown until the page is left, and not kept.
    answered(name, line, reply, address) {
      this.waiting = false;
      this.refusal = reply.ok ? null : reply;
      if (!reply.ok) return;
      if (line === this.made) Object.assign(this, { making: false, given: { ...this.given, name: "" } });
      if (address) this.fresh[name] = address;
      else delete this.fresh[name];
      this.open[name] = address ? "setup" : "";
    },
    tried(name, text, reply) {
      this.answers[name] = { text, reply };
    },
    // --- what is pressed ---
    toggle(name, part) {
      this.open[name] = this.open[name] === part ? "" : part;
    },
    make() {
      if (this.named) this.send(this.named, this.made);
    },
    ask(name, what) {
      this.asked = { ...ASKED[what], name, line: `/webhook ${name} ${what}` };
      this.$nextTick(() => this.$refs.dialog.showModal());
    },
    send(name, line) {
      this.waiting = connected();
      if (this.waiting) this.$emit("line", { name, line, key: key() });
      else window.dispatchEvent(new CustomEvent("tiller:offline"));
    },
    attempt(name, text) {
      this.$emit("attempt", { name, text });
    },
  },
};
