/** `<LivePage name="shapes" />`: a page of src/live, loaded where it is shown and only in a browser. */
import { defineComponent, h, onBeforeUnmount, onMounted, ref } from 'vue';
import { type LivePageName, livePages } from '../../src/live/pages.js';

export const LivePage = defineComponent({
  props: { name: { type: String, required: true } },
  setup({ name }) {
    const place = ref<HTMLElement>();
    const leave = new AbortController();
    onMounted(async () => {
      const { mount } = await livePages[name as LivePageName]();
      if (place.value !== undefined && !leave.signal.aborted) mount(place.value, leave.signal);
    });
    onBeforeUnmount(() => leave.abort());
    return () => h('div', { ref: place, class: 'live-page' });
  },
});
