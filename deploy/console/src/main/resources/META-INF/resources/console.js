// One page over /api: the sections are modules of their own, which are begun here.
import { $, choose, kept } from './console/page.js';
import { sign_in } from './console/token.js';
import { another_token } from './console/sections.js';
import { repaint } from './console/charts.js';
import { follow } from './console/flow.js';
import './console/pipelines.js';
import './console/quarantine.js';
import './console/schemas.js';
import './console/document.js';
import './console/purge.js';
import './console/manage.js';

choose('scheme', kept(localStorage, 'scheme'));
document.documentElement.dataset.scheme = $('scheme').value;
$('scheme').addEventListener('change', () => {
  kept(localStorage, 'scheme', $('scheme').value);
  document.documentElement.dataset.scheme = $('scheme').value;
  repaint();
});
sign_in(another_token);
follow();
