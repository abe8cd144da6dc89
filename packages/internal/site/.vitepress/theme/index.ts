import type { Theme } from 'vitepress';
import DefaultTheme from 'vitepress/theme-without-fonts';
import { LivePage } from './live-page.js';
import './style.css';
import './live-networks.css';

export default {
  extends: DefaultTheme,
  enhanceApp({ app }) {
    app.component('LivePage', LivePage);
  },
} satisfies Theme;
