// From a clip to a track on the server: choose the part, what of it feeds the model, then send it.
import type { App } from '../app';
import { cut, LONGEST_CLIP_S, SHORTEST_CLIP_S } from '../player/decode';
import { binCount, FRAMES_PER_BIN, outline } from '../player/peaks';
import { extent } from '../player/wave';
import { KEYS, TIME_SIGNATURES, timeSignatureName } from '../state/prompt';
import { clockText } from '../text';
import { fader, segments, select } from '../ui/controls';
import { openDialog } from '../ui/dialog';
import { h, ink, Sheet } from '../ui/dom';
import { toast } from '../ui/toast';
import { type Pcm, SAMPLE_RATE } from '../wire/frames';
import type { SourceMode } from '../wire/messages';
import { upload } from '../wire/upload';

interface Choice {
  from: number;
  to: number;
  mode: SourceMode;
  key: string;
  time: string;
}

/** What a person may leave as it is. */
const FIRST_S = 120;

export function trimAndUpload(app: App, name: string, pcm: Pcm): void {
  const seconds = pcm.samples.length / pcm.channels / SAMPLE_RATE;
  const choice: Choice = { from: 0, to: Math.min(seconds, FIRST_S), mode: 'full', key: '', time: '' };
  const bar = h('div', {
    class: 'progress',
    role: 'progressbar',
    'aria-label': 'Upload',
    'aria-valuemin': 0,
    'aria-valuemax': 100,
  });
  const status = h('p', { class: 'hint', role: 'status' });
  const go = h('button', { type: 'button', class: 'primary', 'data-action': 'upload-go' }, 'Play this');
  const cancel = h('button', { type: 'button', class: 'quiet' }, 'Cancel');
  const abort = new AbortController();
  const body = [
    h('p', { class: 'upload-name' }, name),
    trimmer(pcm, seconds, choice),
    h('div', { class: 'field' }, h('span', {}, 'What feeds the model'), modeChoice(choice)),
    musicChoice(choice),
    bar,
    status,
  ];
  const dialog = openDialog('Bring a track', body, [cancel, go], () => abort.abort());
  cancel.onclick = () => dialog.close();
  go.onclick = async () => {
    go.disabled = true;
    try {
      await send(app, name, cut(pcm, choice.from, choice.to), choice, abort.signal, (part, text) => {
        bar.style.setProperty('--part', String(part));
        bar.setAttribute('aria-valuenow', String(Math.round(part * 100)));
        bar.classList.toggle('busy', part >= 1);
        bar.classList.add('on');
        status.textContent = text;
      });
      dialog.close();
    } catch (error) {
      if (abort.signal.aborted) return;
      // Everything that was chosen stays, for another try.
      go.disabled = false;
      go.textContent = 'Try again';
      bar.classList.remove('on');
      status.textContent = error instanceof Error ? error.message : String(error);
      status.classList.add('bad');
    }
  };
  go.focus();
}

async function send(
  app: App,
  name: string,
  clip: Pcm,
  choice: Choice,
  signal: AbortSignal,
  progress: (part: number, text: string) => void,
): Promise<void> {
  const request = {
    name,
    client_id: app.clientId,
    ...(choice.key ? { key: choice.key } : {}),
    ...(choice.time ? { time_signature: choice.time } : {}),
  };
  const track = await upload(
    app.urls.socket,
    request,
    clip,
    ({ sent, phase }) =>
      progress(
        sent,
        phase === 'sending'
          ? `Sending: ${Math.round(sent * 100)} %`
          : 'Listening for tempo and key, preparing the track …',
      ),
    signal,
  );
  app.mark('upload', `Uploaded ${track.name}`);
  toast(`${track.name}: ${Math.round(track.bpm)} BPM, ${track.key}.`);
  if (track.stems_pending) app.session.pendingStems.add(track.name);
  await app.refresh().catch(() => undefined);
  app.pick({ name: track.name, kind: 'upload', mode: choice.mode });
}

function modeChoice(choice: Choice): HTMLElement {
  const options = [
    { value: 'full', label: 'Everything' },
    { value: 'instruments', label: 'Instruments' },
    { value: 'vocals', label: 'Vocals' },
  ];
  const view = segments('What feeds the model', options, (value) => {
    choice.mode = value as SourceMode;
    view.show(value);
  });
  view.show(choice.mode);
  return view.element;
}

function musicChoice(choice: Choice): HTMLElement {
  const auto = { value: '', label: 'find out' };
  const key = select('Key', [auto, ...KEYS.map((value) => ({ value, label: value }))], (value) => {
    choice.key = value;
  });
  const times = TIME_SIGNATURES.map((value) => ({ value, label: timeSignatureName(value) }));
  const time = select('Time', [auto, ...times], (value) => {
    choice.time = value;
  });
  return h('div', { class: 'row' }, key.element, time.element);
}

/** The clip's outline with the part that is taken; two faders for the ends, so that keys work too. */
function trimmer(pcm: Pcm, seconds: number, choice: Choice): HTMLElement {
  const frames = pcm.samples.length / pcm.channels;
  const peaks = outline(pcm.samples, pcm.channels, 0, binCount(frames));
  const sheet = new Sheet({ class: 'trim-wave', 'aria-hidden': 'true' });
  const label = h('p', { class: 'hint', role: 'status' });
  const spec = {
    min: 0,
    max: seconds,
    step: 0.1,
    visible: true,
    text: (value: number) => clockText(value, true),
  };
  const from = fader({ ...spec, name: 'trim-from', label: 'From', initial: choice.from }, (value) =>
    move(value, choice.to, 'from'),
  );
  const to = fader({ ...spec, name: 'trim-to', label: 'To', initial: choice.to }, (value) =>
    move(choice.from, value, 'to'),
  );
  const draw = () => {
    const { pen, width, height } = sheet;
    pen.clearRect(0, 0, width, height);
    for (let x = 0; x < width; x++) {
      const at = (x / width) * seconds;
      const { least, greatest } = extent(
        peaks,
        (x / width) * frames,
        ((x + 1) / width) * frames + FRAMES_PER_BIN / 2,
      );
      pen.fillStyle = ink(at >= choice.from && at <= choice.to ? 'accent' : 'wave-source');
      pen.fillRect(x, (1 - greatest) * (height / 2), 1, Math.max(1, ((greatest - least) * height) / 2));
    }
  };
  const move = (a: number, b: number, moved: 'from' | 'to') => {
    if (moved === 'from') {
      choice.from = Math.max(0, Math.min(a, seconds - Math.min(seconds, SHORTEST_CLIP_S)));
      choice.to = Math.min(Math.max(b, choice.from + SHORTEST_CLIP_S), choice.from + LONGEST_CLIP_S, seconds);
    } else {
      choice.to = Math.min(seconds, Math.max(b, Math.min(seconds, SHORTEST_CLIP_S)));
      choice.from = Math.max(Math.min(a, choice.to - SHORTEST_CLIP_S), choice.to - LONGEST_CLIP_S, 0);
    }
    from.show(choice.from);
    to.show(choice.to);
    label.textContent = `${clockText(choice.to - choice.from, true)} of ${clockText(seconds, true)}; at most ${LONGEST_CLIP_S / 60} minutes`;
    draw();
  };
  sheet.onresize = draw;
  move(choice.from, choice.to, 'to');
  return h('div', { class: 'trimmer' }, sheet.canvas, from.element, to.element, label);
}
