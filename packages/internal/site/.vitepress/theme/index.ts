import type { Theme } from 'vitepress';
import DefaultTheme from 'vitepress/theme-without-fonts';
import { h } from 'vue';
import { LivePage } from './live-page.js';
import { VersionSwitch } from './version-switch.js';
import './style.css';
import './live-networks.css';

export default {
  extends: DefaultTheme,
  Layout: () => h(DefaultTheme.Layout, null, { 'sidebar-nav-before': () => h(VersionSwitch) }),
  enhanceApp({ app }) {
    app.component('LivePage', LivePage);
  },
} satisfies Theme;
