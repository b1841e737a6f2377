// An ECharts chart whose colours are the page's: "--good" anywhere in its options is that colour of the style sheet.
import { echarts } from "nicegui-echart";

export default {
  template: `<div class="t-chart" role="img" :aria-label="label"></div>`,
  props: { label: String },
  mounted() {
    this.options = null;
    this.redraw = () => this.options && this.chart.setOption(this.tinted(this.options), true);
    this.chart = echarts.init(this.$el, null, { renderer: "canvas" });
    this.sized = new ResizeObserver(() => this.chart.resize());
    this.sized.observe(this.$el);
    this.scheme = matchMedia("(prefers-color-scheme: dark)");
    this.scheme.addEventListener("change", this.redraw);
    window.addEventListener("tiller:theme", this.redraw);
  },
  beforeUnmount() {
    this.scheme.removeEventListener("change", this.redraw);
    window.removeEventListener("tiller:theme", this.redraw);
    this.sized.disconnect();
    this.chart.dispose();
  },
  methods: {
    // --- called by the server ---
    show(options) {
      this.options = options;
      this.redraw();
    },
    // The newest bar of a candle chart, or the present state of its last one.
    tick(label, values) {
      if (!this.options) return;
      const labels = this.options.xAxis.data, price = this.options.series[0];
      if (labels.at(-1) !== label) {
        labels.push(label);
        price.data.push(values);
      }
      price.data[price.data.length - 1] = values;
      price.markLine.data = [{ yAxis: values[1] }];
      this.chart.setOption({ xAxis: { data: labels }, series: [{ data: price.data, markLine: price.markLine && this.tinted(price.markLine) }] });
    },
    tinted(options) {
      const probe = document.body.appendChild(document.createElement("span"));
      const known = {};
      const tint = (name) => {
        if (!(name in known)) {
          probe.style.color = `var(${name})`;
          known[name] = getComputedStyle(probe).color;
        }
        return known[name];
      };
      const walk = (value) => {
        if (typeof value === "string") return value.startsWith("--") ? tint(value) : value;
        if (Array.isArray(value)) return typeof value[0] === "number" ? value : value.map(walk);
        if (value && typeof value === "object") return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, walk(v)]));
        return value;
      };
      const found = walk(options);
      probe.remove();
      return found;
    },
  },
};
