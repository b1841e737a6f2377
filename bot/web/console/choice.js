// A plain select: the browser's own, so that it is a wheel on a phone and can be typed into on a desk.
export default {
  template: `
    <select :aria-label="label" :value="chosen" @change="$emit('choose', $event.target.value)">
      <option v-for="name in names" :key="name" :value="name">{{ name }}</option>
    </select>`,
  props: { label: String, names: Array, chosen: String },
};
