// The chat: what was sent, what was answered, and what is told unasked.
import { Answer, closes, connected, keep, key, recall, slashed } from "tiller";

const KEPT = 150; // entries that are shown, and that a reload finds again
const FRESH = 6; // entries from the end within which news of one order is put together
const ANSWERED = 30; // and within which an answer has told what some news says again
const KEEP_MS = 500;
const SHEET_MS = 6000;
const SHELF = "tiller.chat";

// What of a reply a browser may keep: no picture, and in the place of a secret what the desk keeps of it.
const lasting = (reply) => ({ ...reply, image: null, text: reply.kept ?? reply.text });

export default {
  components: { Answer },
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
            <div v-if="entry.buttons?.length && !entry.pressed" class="t-buttons">
              <button v-for="b in entry.buttons" type="button" :title="slashed(b.line)" @click="decide(entry, b.line)">{{ b.label }}</button>
            </div>
          </div>
          <div v-else class="t-turn">
            <div class="t-line"><span>{{ entry.line }}</span><time>{{ clock(entry.at) }}</time></div>
            <Answer v-if="entry.reply" :reply="entry.reply" :pressed="!!entry.pressed" @press="press(entry, $event)" />
            <div v-else class="t-reply t-wait" role="status">
              <template v-if="entry.cut">
                The connection was lost before the answer came.
                <div class="t-buttons"><button type="button" @click="again(entry)">Ask for the answer</button></div>
              </template>
              <template v-else><i></i><i></i><i></i></template>
            </div>
          </div>
        </template>
      </div>
      <button v-if="unseen" type="button" class="t-below" @click="bottom">{{ unseen }} new below</button>
      <Teleport to="body">
        <aside v-if="sheet" class="t-sheet" aria-label="Answer" aria-live="polite">
          <p><code>{{ sheet.line }}</code><button type="button" class="t-link" @click="sheet = null">Close</button></p>
          <Answer v-if="sheet.reply" :reply="sheet.reply" :pressed="!!sheet.pressed" @press="press(sheet, $event)" />
          <div v-else class="t-wait"><i></i><i></i><i></i></div>
        </aside>
      </Teleport>
    </div>`,
  data() {
    return { entries: [], unseen: 0, seq: null, desk: "", sheet: null };
  },
  created() {
    this.number = 0;
    this.stuck = true;
    const kept = recall(sessionStorage, SHELF, {});
    this.seq = Number.isInteger(kept.seq) ? kept.seq : null;
    this.desk = kept.desk || "";
    this.entries = (kept.entries || []).map((e) => ({ ...e, id: ++this.number, cut: e.kind === "line" && !e.reply }));
    this.heard = (event) => this.send(event.detail.line, event.detail.typed);
  },
  mounted() {
    window.addEventListener("tiller:line", this.heard);
    window.addEventListener("pagehide", this.keepNow);
    this.$emit("ready", { seq: this.seq, desk: this.desk });
    this.bottom();
    this.sized = new ResizeObserver(() => {
      if (this.visible()) this.sheet = null;
      if (this.stuck) this.bottom();
    });
    this.sized.observe(this.$refs.scroll);
  },
  beforeUnmount() {
    window.removeEventListener("tiller:line", this.heard);
    window.removeEventListener("pagehide", this.keepNow);
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
      this.keepSoon();
    },
    tell(news, seq) {
      for (const one of news) this.hear({ ...one, kind: "news" });
      this.seq = Math.max(this.seq ?? 0, seq);
      this.keepSoon();
    },
    // News of an order that was just told of is added to what was told: an order is one entry while it is fresh.
    // That an order was taken or refused is not told again under the answer that said so; each fill is.
    hear(one) {
      const lately = this.entries.slice(-FRESH);
      if (one.tone !== "good" && this.entries.slice(-ANSWERED).some((e) => this.answers(e, one))) return;
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
      if (this.sheet?.key === key && reply.ok && !reply.buttons.length) setTimeout(() => this.sheet?.key === key && (this.sheet = null), SHEET_MS);
      this.keepSoon();
      this.follow();
    },
    answers: (entry, news) => !!news.order_id && news.kind === "news" && entry.reply?.order_id === news.order_id,
    // --- sending ---
    send(line, typed = false) {
      if (!connected()) {
        window.dispatchEvent(new CustomEvent("tiller:offline"));
        return;
      }
      this.stuck = true;
      const entry = this.add({ kind: "line", line, key: key(), at: "", reply: null, cut: false, typed_in: typed });
      this.sheet = this.visible() ? null : entry;
      this.$emit("line", { line, key: entry.key });
      window.dispatchEvent(new CustomEvent("tiller:sent"));
    },
    again(entry) {
      entry.cut = false;
      this.$emit("line", { line: entry.line, key: entry.key });
    },
    press(entry, line) {
      if (closes(line)) entry.pressed = true;
      this.send(slashed(line));
    },
    decide(news, line) {
      news.pressed = true;
      this.send(slashed(line));
    },
    slashed,
    // --- showing ---
    // On a phone another part of the page may be looked at: then the answer comes as a sheet over it.
    visible() {
      return this.$refs.scroll.offsetParent !== null;
    },
    add(entry) {
      this.entries.push({ ...entry, id: ++this.number });
      if (this.entries.length > KEPT) this.entries.splice(0, this.entries.length - KEPT);
      this.keepSoon();
      this.follow();
      return this.entries.at(-1);
    },
    keepSoon() {
      this.keeping ??= setTimeout(this.keepNow, KEEP_MS);
    },
    keepNow() {
      clearTimeout(this.keeping);
      this.keeping = undefined;
      const entries = this.entries.map(({ id, ...e }) => ({ ...e, reply: e.reply && lasting(e.reply) }));
      keep(sessionStorage, SHELF, { desk: this.desk, seq: this.seq, entries });
    },
    follow() {
      if (this.stuck) this.bottom();
      else this.unseen += 1;
    },
    bottom() {
      this.unseen = 0;
      this.stuck = true;
      if (this.moving) return;
      this.moving = true;
      this.$nextTick(() => {
        this.moving = false;
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
  },
};
