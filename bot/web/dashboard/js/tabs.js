// Where to look on a phone; the style sheet shows what belongs to the tab.
export default {
  template: `
    <nav class="t-tabs" aria-label="Parts of the page">
      <button v-for="(label, name) in tabs" :key="name" type="button" :aria-current="now === name ? 'page' : null"
              @click="go(name)">{{ label }}</button>
    </nav>`,
  props: { tabs: Object },
  data() {
    return { now: Object.keys(this.tabs)[0] };
  },
  mounted() {
    this.heard = (event) => this.go(event.detail);
    window.addEventListener("tiller:tab", this.heard);
    this.go(this.now);
  },
  beforeUnmount() {
    window.removeEventListener("tiller:tab", this.heard);
  },
  methods: {
    go(name) {
      this.now = name;
      document.getElementById("main").dataset.tab = name;
    },
  },
};
