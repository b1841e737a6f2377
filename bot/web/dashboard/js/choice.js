// A plain select: the browser's own, so that it is a wheel on a phone and can be typed into on a desk.
export default {
  template: `
    <select v-show="names.length > 1" :aria-label="label" :value="chosen" @change="choose">
      <option v-for="name in names" :key="name" :value="name">{{ name }}</option>
    </select>`,
  props: { label: String, names: Array, chosen: String, says: String },
  methods: {
    choose(event) {
      this.$emit("choose", event.target.value);
      if (this.says) window.dispatchEvent(new CustomEvent(this.says, { detail: event.target.value }));
    },
  },
};
