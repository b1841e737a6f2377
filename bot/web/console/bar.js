// The top bar: state, worth, connection, theme, and the kill switch with its ceremony.
const THEMES = { system: ["dark", "\u25d0"], dark: ["light", "\u263e"], light: ["system", "\u2600"] };
const SHELF = "tiller.theme";

export default {
  template: `
    <header class="t-bar">
      <b class="t-brand">Tiller</b>
      <span :class="['t-state', 'is-' + (desk.waits ? 'WAITING' : desk.state)]" role="status" :title="desk.waits">
        {{ desk.waits ? "STARTING" : desk.state }}</span>
      <div class="t-accounts">
        <div v-for="a in desk.accounts" :key="a.name" class="t-account">
          <span :class="['t-mode', {live: a.live}]">{{ a.mode }}</span><span class="t-name">{{ a.name }}</span>
          <span class="t-figure"><small>Equity</small><b>{{ a.equity }}</b></span>
          <span class="t-figure"><small>Today</small><b :class="'tone-' + a.today.tone">{{ a.today.text }}</b></span>
          <span class="t-figure t-room"><small>Room</small><b>{{ a.room }}</b></span>
        </div>
      </div>
      <button v-if="desk.doubts" type="button" class="t-flag tone-warn" @click="say('/orders')">{{ desk.doubts }} in doubt</button>
      <button v-if="desk.differences" type="button" class="t-flag tone-warn" @click="say('/reconcile')">{{ desk.differences }} differ</button>
      <span class="t-push"></span>
      <span :class="['t-link-state', {off: !online}]" role="status">{{ online ? "live" : "offline" }}</span>
      <button type="button" class="t-icon" :title="'Colours: ' + theme" aria-label="Colours" @click="turn">{{ icon }}</button>
      <a class="t-icon t-out" href="/logout" :title="'Sign out ' + who" aria-label="Sign out">\u2192</a>
      <button v-if="trades && desk.state !== 'ACTIVE'" type="button" class="t-resume" @click="$refs.resume.showModal()">Resume</button>
      <button v-if="trades" type="button" class="t-kill" @click="$refs.kill.showModal()">KILL</button>

      <dialog ref="kill" class="t-ceremony" aria-labelledby="t-kill-title">
        <form method="dialog">
          <h2 id="t-kill-title">Stop trading?</h2>
          <p>The desk is halted, also after a restart, until somebody resumes it.</p>
          <button class="danger" @click="say('/kill')"><b>Kill</b>
            <span>Nothing new, and every order that could open something is cancelled. Positions stay, with their stops.</span></button>
          <button class="danger full" @click="say('/kill flatten=yes')"><b>Kill and flatten</b>
            <span>The same, and every position is closed at the market.</span></button>
          <button autofocus>Cancel</button>
        </form>
      </dialog>
      <dialog ref="resume" class="t-ceremony" aria-labelledby="t-resume-title">
        <form method="dialog">
          <h2 id="t-resume-title">Resume trading?</h2>
          <p>The desk is {{ desk.state }}. New entries are possible again at once, and running strategies trade again.</p>
          <button class="main" @click="say('/resume')"><b>Resume</b></button>
          <button autofocus>Cancel</button>
        </form>
      </dialog>
    </header>`,
  props: { desk: Object, who: String, trades: Boolean },
  data() {
    return { online: false, theme: localStorage.getItem(SHELF) || "system" };
  },
  computed: {
    icon() {
      return (THEMES[this.theme] || THEMES.system)[1];
    },
  },
  mounted() {
    this.timer = setInterval(() => (this.online = !!(window.did_handshake && window.socket?.connected)), 500);
  },
  beforeUnmount() {
    clearInterval(this.timer);
  },
  methods: {
    say(line) {
      window.dispatchEvent(new CustomEvent("tiller:line", { detail: { line } }));
    },
    turn() {
      this.theme = (THEMES[this.theme] || THEMES.system)[0];
      localStorage.setItem(SHELF, this.theme);
      document.documentElement.dataset.theme = this.theme;
      window.dispatchEvent(new CustomEvent("tiller:theme"));
    },
  },
};
