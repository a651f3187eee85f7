import './style/main.css';
import { App } from './app';
import { installKeyboard } from './input/keyboard';
import { Midi } from './input/midi';
import { acceptDrops } from './panels/crate';
import { CurvesPanel } from './panels/curves';
import { HeaderPanel } from './panels/header';
import { KnobPanel } from './panels/knobs';
import { loraPanel } from './panels/loras';
import { MemoryPanel } from './panels/memory';
import { phaseVeil } from './panels/phase';
import { promptPanel } from './panels/prompts';
import { RecordingPanel } from './panels/recording';
import { referencePanel } from './panels/references';
import { openSettings, type Theme } from './panels/settings';
import { sourcePanel } from './panels/stems';
import { TransportPanel } from './panels/transport';
import { WaveformPanel } from './panels/waveform';
import { stored } from './state/signal';
import { h } from './ui/dom';
import { kiosk } from './ui/kiosk';
import { mountToasts } from './ui/toast';

const TABS = [
  ['prompt', 'Prompt'],
  ['knobs', 'Sound'],
  ['source', 'Source'],
  ['styles', 'Styles'],
  ['memory', 'Memory'],
] as const;

function themed(apply: () => void) {
  const theme = stored<Theme>('headroom.theme', 'auto', (value) =>
    ['auto', 'dark', 'light'].includes(String(value)),
  );
  theme.watch((value) => {
    if (value === 'auto') document.documentElement.removeAttribute('data-theme');
    else document.documentElement.dataset['theme'] = value;
    apply();
  });
  return theme;
}

/** On a phone one panel at a time; a wide screen shows all and hides the tabs. */
function tabs(root: HTMLElement): HTMLElement {
  const bar = h('nav', { class: 'tabs', 'aria-label': 'Panels' });
  const show = (id: string) => {
    root.dataset['tab'] = id;
    for (const button of bar.querySelectorAll('button'))
      button.setAttribute('aria-pressed', String(button.dataset['tab'] === id));
  };
  for (const [id, label] of TABS) {
    const button = h('button', { type: 'button', 'data-tab': id }, label);
    button.onclick = () => show(id);
    bar.append(button);
  }
  show('prompt');
  return bar;
}

function mount(app: App): void {
  const midi = new Midi(app);
  const waveform = new WaveformPanel(app);
  const curves = new CurvesPanel(app, waveform);
  const recording = new RecordingPanel(app);
  const transport = new TransportPanel(app, waveform, recording);
  const knobs = new KnobPanel(app);
  const memory = new MemoryPanel(app);
  const matching = stored('headroom.match-loudness', false, (value) => typeof value === 'boolean');
  const theme = themed(() => {
    waveform.recolour();
    curves.recolour();
  });
  const header = new HeaderPanel(app, () => openSettings(app, midi, theme, matching));
  const panels = h(
    'main',
    { class: 'panels' },
    h('div', { class: 'column' }, promptPanel(app), loraPanel(app)),
    h('div', { class: 'column' }, knobs.element),
    h('div', { class: 'column' }, sourcePanel(app), referencePanel(app)),
    memory.element,
  );
  const stage = h(
    'section',
    { class: 'stage', 'aria-label': 'Track' },
    h('div', { class: 'wave-frame' }, waveform.element, phaseVeil(app)),
    curves.element,
    transport.ribbon,
  );
  document.body.append(header.element, stage, transport.element, tabs(panels), panels);
  mountToasts(document.body);
  acceptDrops(app);
  installKeyboard(app);
  matching.watch((on) => app.player.matchLoudness(on));
  const landed = app.player.onSlice;
  app.player.onSlice = (slice) => {
    landed(slice);
    waveform.landed(slice.start, slice.frames);
    header.landed(slice.leadS, slice.bytes);
  };
  const frame = (now: number) => {
    waveform.frame(now);
    curves.frame();
    transport.frame();
    knobs.frame();
    memory.frame(now);
    header.frame(now);
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
}

const app = new App();
mount(app);
void app
  .load()
  .then(() => app.catalog.get()?.info.kiosk && kiosk())
  .catch((error: unknown) =>
    app.waiting.set(`${error instanceof Error ? error.message : error} Reload the page to try again.`),
  );

// For the end-to-end tests, which measure what a person would hear.
Object.assign(window, { headroom: app });
