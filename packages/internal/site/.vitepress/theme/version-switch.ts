/** Above the sidebar: the version that the pages are of, and the way to the others that the site's root lists. */
import { useData, withBase } from 'vitepress';
import { defineComponent, h, onMounted, ref } from 'vue';
import { type SiteVersion, siteVersion } from '../../src/content/site-version.js';

export const VersionSwitch = defineComponent({
  setup() {
    const { site, theme, page } = useData<{ version: string }>();
    const { base } = site.value;
    const own = siteVersion(theme.value.version, base);
    const root = base.slice(0, base.length - own.path.length);
    const versions = ref<readonly SiteVersion[]>([own]);
    onMounted(async () => {
      try {
        const answer = await fetch(`${root}versions.json`);
        if (answer.ok) versions.value = (await answer.json()) as SiteVersion[];
      } catch {
        // Without a server there is this version only.
      }
    });
    /** The same page, where the other version has it. */
    async function open(path: string) {
      const same = root + path + withBase(`/${page.value.relativePath.replace(/\.md$/, '.html')}`).slice(base.length);
      const { ok } = await fetch(same, { method: 'HEAD' });
      location.href = ok ? same : root + path;
    }
    return () =>
      h('label', { class: 'version-switch' }, [
        'Version ',
        h(
          'select',
          { onChange: ({ target }: Event) => open((target as HTMLSelectElement).value) },
          versions.value.map(({ name, path }) => h('option', { value: path, selected: path === own.path }, name)),
        ),
      ]);
  },
});
