// A button that copies a text. Where a browser forbids that (a page without https), the text is selected instead.
const SAID_MS = 1500;

export default {
  template: `<button type="button" :aria-label="label" @click="copy">{{ told || "Copy" }}</button>`,
  props: { text: String, label: String },
  data() {
    return { told: "" };
  },
  methods: {
    async copy() {
      try {
        await navigator.clipboard.writeText(this.text);
        this.told = "Copied";
      } catch {
        getSelection().selectAllChildren(this.$el.parentElement.querySelector("code, pre"));
        this.told = "Selected";
      }
      setTimeout(() => (this.told = ""), SAID_MS);
    },
  },
};
