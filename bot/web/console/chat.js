// The chat: what was sent, what was answered, and what is told unasked. All text is shown as text, never as markup.
const KEPT = 150; // entries that a reload finds again
const FRESH = 6; // entries from the end within which news of one order is put together
const SHELF = "tiller.chat";
const NUMBER = /^[-+$]?[0-9][0-9.,]*%?( [A-Z]{3,5})?$/;

export default {
  template: `
    <div class="t-chat">
      <div class="t-scroll" ref="scroll" @scroll.passive="scrolled" role="log" aria-label="Chat" tabindex="0">
        <p v-if="!entries.length" class="t-hint">
          Nothing yet. Type <button type="button" class="t-link" @click="send('/help')">/help</button> to see what can
          be asked, or <button type="button" class="t-link" @click="send('/status')">/status</button> for how the desk
          stands.
        </p>
        <template v-for="entry in entries" :key="entry.id">
          <div v-if="entry.kind === 'news'" :class="['t-news', 'tone-' + entry.tone]">
            <time>{{ clock(entry.at) }}</time><span class="t-text">{{ entry.text }}</span>
          </div>
          <div v-else class="t-turn">
            <div class="t-line"><span>{{ entry.line }}</span><time>{{ clock(entry.at) }}</time></div>
            <div v-if="!entry.reply" class="t-reply t-wait" role="status">
              <template v-if="entry.cut">
                The connection was lost before the answer came.
                <div class="t-buttons"><button type="button" @click="again(entry)">Ask for the answer</button></div>
              </template>
              <template v-else><i></i><i></i><i></i></template>
            </div>
            <div v-else :class="['t-reply', 'tone-' + entry.reply.tone]">
              <div v-if="entry.reply.text" class="t-text">{{ entry.reply.text }}</div>
              <img v-if="entry.reply.image" :src="entry.reply.image" alt="chart" />
              <div v-if="entry.reply.table" class="t-wide">
                <table>
                  <thead><tr><th v-for="(c, i) in entry.reply.table.columns" :class="{num: right(entry, i)}">{{ c }}</th></tr></thead>
                  <tbody>
                    <tr v-for="row in entry.reply.table.rows">
                      <td v-for="(c, i) in row" :class="[right(entry, i) ? 'num' : '', sign(c)]">{{ c }}</td>
                    </tr>
                    <tr v-if="!entry.reply.table.rows.length"><td class="t-none">none</td></tr>
                  </tbody>
                </table>
              </div>
              <div v-if="entry.reply.buttons.length && !entry.pressed" class="t-buttons">
                <form v-if="entry.reply.phrase" @submit.prevent="agree(entry)">
                  <input v-model="entry.typed" :placeholder="entry.reply.phrase" aria-label="Type the phrase"
                         autocomplete="off" autocapitalize="off" spellcheck="false" />
                  <button :disabled="!entry.typed">{{ entry.reply.buttons[0].label }}</button>
                </form>
                <button v-for="b in rest(entry)" type="button" :title="'/' + b.line.replace('/', '')"
                        @click="press(entry, b)">{{ b.label }}</button>
              </div>
            </div>
          </div>
        </template>
      </div>
      <button v-if="unseen" type="button" class="t-below" @click="bottom">{{ unseen }} new below</button>
    </div>`,
  data() {
    return { entries: [], unseen: 0, seq: null, desk: "" };
  },
  created() {
    this.number = 0;
    this.stuck = true;
    try {
      const kept = JSON.parse(sessionStorage.getItem(SHELF) || "{}");
      this.seq = Number.isInteger(kept.seq) ? kept.seq : null;
      this.desk = kept.desk || "";
      this.entries = (kept.entries || []).map((e) => ({ ...e, id: ++this.number, cut: e.kind === "line" && !e.reply }));
    } catch {
      sessionStorage.removeItem(SHELF);
    }
    this.heard = (event) => this.send(event.detail.line, event.detail.typed);
  },
  mounted() {
    window.addEventListener("tiller:line", this.heard);
    this.$emit("ready", { seq: this.seq, desk: this.desk });
    this.bottom();
    this.sized = new ResizeObserver(() => this.stuck && this.bottom());
    this.sized.observe(this.$refs.scroll);
  },
  beforeUnmount() {
    window.removeEventListener("tiller:line", this.heard);
    this.sized.disconnect();
  },
  methods: {
    // --- called by the server ---
    open(desk, known) {
      if (!known) {
        this.entries = this.entries.filter((e) => e.kind === "line" && !e.cut && !this.desk);
        this.seq = null;
      }
      this.desk = desk;
      this.keep();
    },
    tell(news, seq) {
      for (const one of news) this.hear({ ...one, kind: "news" });
      this.seq = Math.max(this.seq ?? 0, seq);
      this.keep();
    },
    // News of an order that was just told of is added to what was told: an order is one entry while it is fresh.
    // That an order was taken or refused is not told again under the answer that said so; each fill is.
    hear(one) {
      const lately = this.entries.slice(-FRESH);
      if (one.tone !== "good" && lately.some((e) => this.answers(e, one))) return;
      const known = one.order_id && lately.findLast((e) => e.kind === "news" && e.order_id === one.order_id);
      if (!known || lately.slice(lately.indexOf(known)).some((e) => e.kind !== "news")) {
        this.add(one);
        return;
      }
      const [head, ...rest] = one.text.split("\n");
      known.text = [head, ...known.text.split("\n").slice(1), ...rest].join("\n");
      Object.assign(known, { seq: one.seq, at: one.at, tone: one.tone === "info" ? known.tone : one.tone });
      this.follow();
    },
    answer(key, reply, kept, at) {
      const entry = this.entries.find((e) => e.key === key);
      if (!entry) return;
      Object.assign(entry, { reply, at, line: kept, cut: false });
      const since = this.entries.indexOf(entry);
      this.entries = this.entries.filter((e, i) => i < since || e.tone === "good" || !this.answers(entry, e));
      if (entry.typed_in) window.dispatchEvent(new CustomEvent("tiller:kept", { detail: kept }));
      this.keep();
      this.follow();
    },
    answers: (entry, news) => !!news.order_id && news.kind === "news" && entry.reply?.order_id === news.order_id,
    // --- sending ---
    send(line, typed = false) {
      if (!window.socket?.connected) {
        window.dispatchEvent(new CustomEvent("tiller:offline"));
        return;
      }
      const key = Array.from(crypto.getRandomValues(new Uint8Array(12)), (b) => b.toString(16).padStart(2, "0")).join("");
      this.stuck = true;
      this.add({ kind: "line", line, key, at: "", reply: null, cut: false, typed_in: typed });
      this.$emit("line", { line, key });
      window.dispatchEvent(new CustomEvent("tiller:sent"));
    },
    again(entry) {
      entry.cut = false;
      this.$emit("line", { line: entry.line, key: entry.key });
    },
    press(entry, button) {
      if (/^\/?(confirm|reject|approve) /.test(button.line)) entry.pressed = true;
      this.send("/" + button.line.replace(/^\//, ""));
    },
    agree(entry) {
      entry.pressed = true;
      this.send("/" + entry.reply.buttons[0].line.replace(/^\//, "") + " " + entry.typed.trim());
    },
    rest: (entry) => (entry.reply.phrase ? entry.reply.buttons.slice(1) : entry.reply.buttons),
    // --- showing ---
    add(entry) {
      this.entries.push({ ...entry, id: ++this.number });
      if (this.entries.length > 2 * KEPT) this.entries.splice(0, this.entries.length - KEPT);
      this.keep();
      this.follow();
    },
    keep() {
      const entries = this.entries.slice(-KEPT).map(({ id, typed, ...e }) => (e.reply?.image ? { ...e, reply: { ...e.reply, image: null } } : e));
      try {
        sessionStorage.setItem(SHELF, JSON.stringify({ desk: this.desk, seq: this.seq, entries }));
      } catch {
        sessionStorage.removeItem(SHELF);
      }
    },
    follow() {
      if (this.stuck) this.bottom();
      else this.unseen += 1;
    },
    bottom() {
      this.unseen = 0;
      this.stuck = true;
      this.$nextTick(() => {
        const el = this.$refs.scroll;
        if (el) el.scrollTop = el.scrollHeight;
      });
    },
    scrolled() {
      const el = this.$refs.scroll;
      this.stuck = el.scrollHeight - el.scrollTop - el.clientHeight < 40;
      if (this.stuck) this.unseen = 0;
    },
    clock: (at) => (at || "").slice(11, 19),
    right: (entry, i) => entry.reply.table.rows.length > 0 && entry.reply.table.rows.every((r) => NUMBER.test(r[i]) || r[i] === "-"),
    sign: (text) => (/^\+[0-9]/.test(text) ? "tone-good" : /^-[0-9]/.test(text) ? "tone-bad" : ""),
  },
};
