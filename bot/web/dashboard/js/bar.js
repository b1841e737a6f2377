// The top bar: state, health, worth, connection, theme, and the kill switch.
import { Ceremony, connected, say } from "tiller";

const NEXT = { system: "dark", dark: "light", light: "system" };
const ICONS = {
  system: "M4 5h16v11H4z M9 20h6 M12 16v4",
  dark: "M20 14.5A8.5 8.5 0 0 1 9.5 4a8.5 8.5 0 1 0 10.5 10.5z",
  light: "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8z M12 2v2 M12 20v2 M4.9 4.9l1.4 1.4 M17.7 17.7l1.4 1.4 M2 12h2 M20 12h2 M4.9 19.1l1.4-1.4 M17.7 6.3l1.4-1.4",
};
const SHELF = "tiller.theme";

export default {
  components: { Ceremony },
  template: `
    <header class="t-bar">
      <b class="t-brand">Tiller</b>
      <span :class="['t-state', 'is-' + desk.shown]" role="status" :title="desk.reason">{{ desk.shown }}</span>
      <button type="button" :class="['t-flag', 't-health', problems.length ? 'tone-warn' : 'tone-good']" :title="ills" @click="say('/health')">
        {{ problems.length ? "⚠ " + problems.length : "✓" }}<span>{{ problems.length ? (problems.length > 1 ? " problems" : " problem") : " healthy" }}</span></button>
      <div class="t-accounts">
        <div v-for="a in desk.accounts" :key="a.mode + a.name" class="t-account">
          <span :class="['t-mode', {live: a.live}]">{{ a.mode }}</span><span class="t-name">{{ a.name }}</span>
          <span class="t-figure"><small>Equity</small><b>{{ a.equity }}</b></span>
          <span class="t-figure"><small>Today</small><b :class="'tone-' + a.today.tone">{{ a.today.text }}</b></span>
          <span class="t-figure t-room"><small>May lose today</small><b>{{ a.room }}</b></span>
        </div>
      </div>
      <span v-if="desk.reason" class="t-reason tone-warn" :title="desk.reason">{{ desk.reason }}</span>
      <button v-if="desk.doubts" type="button" class="t-flag tone-warn" @click="say('/orders')">{{ desk.doubts }} in doubt</button>
      <button v-if="desk.differences" type="button" class="t-flag tone-warn" @click="say('/reconcile')">{{ desk.differences }} differ</button>
      <span class="t-push"></span>
      <span :class="['t-online', {off: !online}]" role="status"><span>{{ online ? "online" : "offline" }}</span></span>
      <button type="button" class="t-icon" :title="'Colours: ' + theme" aria-label="Colours" @click="turn">
        <svg viewBox="0 0 24 24" aria-hidden="true"><path :d="icon" /></svg></button>
      <a class="t-icon t-out" href="/logout" :title="'Sign out ' + who" aria-label="Sign out">
        <svg viewBox="0 0 24 24" aria-hidden="true"><path d="M10 4H5v16h5 M14 8l4 4-4 4 M18 12H9" /></svg></a>
      <button v-if="trades && desk.state !== 'ACTIVE'" type="button" class="t-resume" @click="$refs.resume.showModal()">Resume</button>
      <button v-if="trades" type="button" class="t-kill" @click="$refs.kill.open()">KILL</button>
      <Ceremony v-if="trades" ref="kill" :stakes="stakes" />
      <dialog ref="resume" class="t-ceremony" aria-labelledby="t-resume-title">
        <form method="dialog">
          <h2 id="t-resume-title">Resume trading?</h2>
          <p>The desk is {{ desk.state }}. New entries are possible again at once, and running strategies trade again.</p>
          <div class="t-buttons">
            <button autofocus>Back</button>
            <button class="main" @click="say('/resume')">Resume</button>
          </div>
        </form>
      </dialog>
    </header>`,
  props: { desk: Object, health: Object, stakes: Object, who: String, trades: Boolean },
  data() {
    return { online: false, theme: localStorage.getItem(SHELF) || "system" };
  },
  computed: {
    icon() {
      return ICONS[this.theme] || ICONS.system;
    },
    problems() {
      return this.health.problems;
    },
    ills() {
      return this.problems.join("\n") || `${this.health.parts} parts work`;
    },
  },
  mounted() {
    this.timer = setInterval(() => (this.online = !!window.did_handshake && connected()), 200);
  },
  beforeUnmount() {
    clearInterval(this.timer);
  },
  methods: {
    say,
    turn() {
      this.theme = NEXT[this.theme] || "system";
      localStorage.setItem(SHELF, this.theme);
      document.documentElement.dataset.theme = this.theme;
      window.dispatchEvent(new CustomEvent("tiller:theme"));
    },
  },
};
