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
      const zoom = this.options && this.chart.getOption()?.dataZoom?.[0];
      this.options = options;
      if (zoom) Object.assign(options.dataZoom[0], { start: zoom.start, end: zoom.end });
      else if (options.dataZoom && this.$el.clientWidth < 500) options.dataZoom[0].start = 50;
      this.label_price();
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
      this.label_price();
      this.chart.setOption({ xAxis: { data: labels }, series: [{ data: price.data, markLine: price.markLine && this.tinted(price.markLine) }] });
    },
    label_price() {
      const line = this.options.series[0].markLine;
      if (line?.data.length) line.label.formatter = line.data[0].yAxis.toLocaleString("en-US", { maximumFractionDigits: 8 });
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
