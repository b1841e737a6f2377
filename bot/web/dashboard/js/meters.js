// How much of each risk limit is used. The figures stand beside the bar: its colour says nothing that they do not.
export default {
  template: `
    <div class="t-meters">
      <p v-if="!bars.length" class="t-none">No limit is on.</p>
      <template v-for="(b, i) in bars" :key="b.key">
        <h3 v-if="several && bars[i - 1]?.account !== b.account">{{ b.account }}</h3>
        <div class="t-meter" :title="b.meaning">
          <span>{{ b.name }} <b v-if="b.word" :class="'tone-' + b.tone">{{ b.word }}</b></span><span class="num">{{ b.told }}</span>
          <div role="meter" :aria-label="b.name + ' of ' + b.account" :aria-valuenow="b.percent" aria-valuemin="0" aria-valuemax="100"
               :aria-valuetext="b.told"><i :class="b.tone ? 'on-' + b.tone : ''" :style="{width: b.percent + '%'}"></i></div>
        </div>
      </template>
    </div>`,
  props: { bars: Array },
  computed: {
    several() {
      return new Set(this.bars.map((b) => b.account)).size > 1;
    },
  },
};
