// What lies over the waveform while there is no music to see: the invitation, progress, and what went wrong.
import type { App } from '../app';
import { h, icon } from '../ui/dom';
import { openCrate } from './crate';

export function phaseVeil(app: App): HTMLElement {
  const text = h('p', { class: 'veil-text', role: 'status' });
  const start = h(
    'button',
    { type: 'button', class: 'veil-play', 'data-action': 'start' },
    icon('play'),
    h('span', {}, 'Play'),
  );
  const again = h('button', { type: 'button', class: 'primary', 'data-action': 'again' });
  const bring = h(
    'button',
    { type: 'button', class: 'veil-play', 'data-action': 'bring' },
    icon('upload'),
    h('span', {}, 'Bring a track'),
  );
  const progress = h('div', { class: 'progress busy on', 'aria-hidden': 'true' });
  const veil = h('div', { class: 'veil' }, start, bring, progress, text, again);
  start.onclick = () => void app.start();
  again.onclick = () => void app.start();
  bring.onclick = () => openCrate(app);
  let since = 0;
  const show = () => {
    const phase = app.session.phase.get();
    const waiting = app.waiting.get();
    const swap = app.session.swapping.get();
    const ready = app.desk.track.get() !== null;
    const empty = !ready && app.catalog.get() !== null;
    const busy =
      phase.kind === 'connecting' ||
      phase.kind === 'reconnecting' ||
      swap !== null ||
      (!ready && !empty && phase.kind === 'idle');
    veil.className = `veil ${swap ? 'swapping' : phase.kind}`;
    veil.hidden = phase.kind === 'ready' && !swap;
    start.hidden = phase.kind !== 'idle' || !ready;
    bring.hidden = phase.kind !== 'idle' || !empty;
    progress.hidden = !busy;
    again.hidden = phase.kind !== 'preempted' && phase.kind !== 'failed';
    again.textContent = phase.kind === 'preempted' ? 'Take it back' : 'Try again';
    text.classList.toggle('bad', phase.kind === 'failed' || phase.kind === 'preempted');
    if (swap) text.textContent = 'Preparing what comes next …';
    else if (phase.kind === 'connecting') text.textContent = phase.text + patience(app, since);
    else if ('text' in phase) text.textContent = phase.text;
    else if (phase.kind === 'idle') text.textContent = invitation(ready, empty, waiting);
    else text.textContent = '';
  };
  app.session.phase.watch(({ kind }) => {
    if (kind === 'connecting' && since === 0) since = Date.now();
    if (kind !== 'connecting') since = 0;
    show();
  });
  setInterval(() => since > 0 && show(), 1000);
  app.session.swapping.watch(show);
  app.waiting.watch(show);
  app.catalog.watch(show);
  app.desk.track.watch(show);
  return veil;
}

function invitation(ready: boolean, empty: boolean, waiting: string): string {
  if (ready) return 'The track plays, and is re-imagined while it does.';
  if (empty) return 'There are no tracks yet. Upload one, record one, or drop an audio file anywhere.';
  return waiting || 'Looking for tracks …';
}

/** How long it has taken, once that is long; and what the server is at, where it says so. */
function patience(app: App, since: number): string {
  const seconds = Math.round((Date.now() - since) / 1000);
  const warming = app.catalog.get()?.info.warmup?.done === false;
  const why = warming ? ' It is loading its model.' : '';
  return seconds < 3 ? why : `${why} ${seconds} s`;
}
