// Which part of the track feeds the model, and its stems mixed over what the model plays.
import type { App } from '../app';
import { extent } from '../player/wave';
import { LOUDEST_STEM, STEM_LEVEL, STEMS, type StemsState } from '../state/desk';
import { fader, panel, segments } from '../ui/controls';
import { h, ink, pressed, Sheet } from '../ui/dom';
import type { SourceMode } from '../wire/messages';

const MODES = [
  { value: 'full', label: 'Full', title: 'The whole track feeds the model' },
  { value: 'instruments', label: 'Instruments', title: 'Only the instruments feed the model' },
  { value: 'vocals', label: 'Vocals', title: 'Only the vocals feed the model' },
];

const TEXTS: Record<StemsState, string> = {
  none: 'Vocals and instruments are not apart yet.',
  processing: 'Splitting into vocals and instruments. The music goes on.',
  ready: 'Vocals and instruments are apart. Mix them over the music:',
  failed: 'No stems: % The track plays on.',
};

const preparing = (mode: SourceMode) => `Preparing ${mode === 'full' ? 'the track' : `its ${mode}`} …`;

const NAMES: Record<string, string> = { vocals: 'Vocals', instruments: 'Instruments' };

export function sourcePanel(app: App): HTMLElement {
  const { desk, session } = app;
  const mode = segments('Source mode', MODES, (value) => session.setMode(value as SourceMode));
  const showMode = () => mode.show(session.swapping.get()?.track.mode ?? desk.track.get()?.mode ?? 'full');
  desk.track.watch(showMode);
  session.swapping.watch(showMode);
  const status = h('p', { class: 'stems-status', role: 'status' });
  const rows = STEMS.map((name) => stemRow(app, name));
  const mixer = h('div', { class: 'stem-mixer' }, ...rows);
  const make = h('button', { type: 'button', class: 'primary', 'data-action': 'make-stems' }, 'Split them');
  make.onclick = () => {
    const track = desk.track.get();
    if (track) session.swap(track, false, true);
  };
  const show = () => {
    const { state, error } = desk.stems.get();
    const swap = session.swapping.get();
    const here = app.player.wave.stems.size > 0;
    status.className = `stems-status ${state}`;
    status.textContent = swap ? preparing(swap.track.mode) : TEXTS[state].replace('%', error);
    mixer.classList.toggle('off', !here);
    const live = session.phase.get().kind === 'ready';
    make.hidden = !live || swap !== null || here || (state !== 'none' && state !== 'failed');
  };
  desk.stems.watch(show);
  session.swapping.watch(show);
  session.phase.watch(show);
  app.player.stemsSeen.watch(show);
  const progress = h('div', { class: 'progress busy', 'aria-hidden': 'true' });
  session.swapping.watch((swap) => progress.classList.toggle('on', swap !== null));
  desk.stems.watch(({ state }) => progress.classList.toggle('soft', state === 'processing'));
  return panel('source', 'Source and stems', mode.element, status, make, progress, mixer);
}

function stemRow(app: App, name: string): HTMLElement {
  const signal = app.desk.stemLevels.get(name)!;
  const title = NAMES[name]!;
  const button = h('button', { type: 'button', class: 'stem-on', 'data-stem': name }, title);
  button.onclick = () => signal.patch({ on: !signal.get().on });
  const level = fader(
    {
      name: `stem_${name}`,
      label: `Level of ${title.toLowerCase()}`,
      min: 0,
      max: LOUDEST_STEM,
      step: 0.05,
      initial: STEM_LEVEL,
      visible: false,
      text: (value) => value.toFixed(2),
    },
    (value) => signal.patch({ level: value }),
  );
  signal.watch(({ on, level: value }) => {
    pressed(button, on);
    level.show(value);
  });
  const sheet = new Sheet({ class: 'stem-wave', 'aria-hidden': 'true' });
  const draw = () => drawStem(sheet, app.player.wave.stems.get(name), app.player.frames, signal.get().on);
  sheet.onresize = draw;
  app.player.stemsSeen.watch(draw);
  signal.changed(draw);
  return h('div', { class: 'stem-row' }, button, level.element, sheet.canvas);
}

function drawStem(sheet: Sheet, peaks: Float32Array | undefined, frames: number, on: boolean): void {
  const { pen, width, height } = sheet;
  pen.clearRect(0, 0, width, height);
  if (!peaks || frames === 0) return;
  pen.fillStyle = ink(on ? 'accent' : 'wave-source');
  for (let x = 0; x < width; x += 2) {
    const { least, greatest } = extent(peaks, (x / width) * frames, ((x + 2) / width) * frames);
    const top = (1 - greatest) * (height / 2);
    pen.fillRect(x, top, 1.5, Math.max(1, ((greatest - least) * height) / 2));
  }
}
