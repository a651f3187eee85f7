// The crate: tracks of the server, and the ways to bring one's own.
import type { App } from '../app';
import { decodeAudio } from '../player/decode';
import type { Track } from '../state/desk';
import { trackTitle } from '../text';
import { openDialog } from '../ui/dialog';
import { h, icon, iconButton } from '../ui/dom';
import { toast } from '../ui/toast';
import { recordMicrophone } from './microphone';
import { trimAndUpload } from './upload';

export function openCrate(app: App): void {
  const list = h('div', { class: 'crate-list', role: 'list' });
  const file = h('input', { type: 'file', accept: 'audio/*', hidden: true, 'data-upload': true });
  const bring = h(
    'button',
    { type: 'button', class: 'crate-bring', 'data-action': 'upload' },
    icon('upload'),
    'Upload a file',
  );
  const mic = h(
    'button',
    { type: 'button', class: 'crate-bring' },
    icon('mic'),
    'Record from the microphone',
  );
  const dialog = openDialog(
    'Tracks',
    [
      h('div', { class: 'crate-ways' }, bring, mic, file),
      h('p', { class: 'hint' }, 'Or drop an audio file anywhere on this page.'),
      list,
    ],
    [],
    () => stop(),
  );
  bring.onclick = () => file.click();
  file.onchange = () => {
    const chosen = file.files?.[0];
    if (chosen) {
      dialog.close();
      void takeFile(app, chosen);
    }
  };
  mic.onclick = () => {
    dialog.close();
    void recordMicrophone(app, (pcm) => trimAndUpload(app, 'Microphone', pcm));
  };
  const stop = app.catalog.watch((catalog) => {
    list.replaceChildren();
    const tracks = catalog ? app.tracks(catalog) : [];
    for (const [title, kind] of [
      ['Yours', 'upload'],
      ['Built in', 'fixture'],
    ] as const) {
      const some = tracks.filter((track) => track.kind === kind);
      if (some.length > 0)
        list.append(h('h3', {}, title), ...some.map((track) => entry(app, track, () => dialog.close())));
    }
  });
  void app.refresh().catch(() => toast('The server does not answer; the list may be old.', 'warning'));
}

function entry(app: App, track: Track, close: () => void): HTMLElement {
  const playing = app.desk.track.get()?.name === track.name;
  const title = trackTitle(track.name);
  const button = h(
    'button',
    { type: 'button', class: 'crate-entry', 'data-track': track.name, 'aria-current': playing && 'true' },
    title,
    playing && h('span', { class: 'hint' }, 'playing'),
  );
  button.onclick = () => {
    close();
    if (!playing) app.pick(track);
  };
  const row = h('div', { class: 'crate-row', role: 'listitem' }, button);
  const removable = track.kind === 'upload' && !playing && app.catalog.get()?.info.server === 'headroom';
  if (removable) row.append(removeButton(app, track.name, title));
  return row;
}

/** The first press asks, the second one does it. */
function removeButton(app: App, name: string, title: string): HTMLElement {
  const button = iconButton('close', `Remove ${title}`);
  button.onclick = async () => {
    if (!button.classList.contains('sure')) {
      button.classList.add('sure');
      button.replaceChildren('Remove?');
      return;
    }
    const answer = await fetch(app.urls.http(`v1/tracks/${encodeURIComponent(name)}`), {
      method: 'DELETE',
    }).catch(() => null);
    if (answer?.ok) await app.refresh();
    else
      toast(
        `${title} was not removed; the server ${answer ? `answered ${answer.status}` : 'does not answer'}.`,
        'error',
      );
  };
  return button;
}

export async function takeFile(app: App, file: File): Promise<void> {
  toast(`Reading ${file.name} …`);
  try {
    trimAndUpload(app, file.name, await decodeAudio(await file.arrayBuffer(), file.name));
  } catch (error) {
    toast(error instanceof Error ? error.message : String(error), 'error');
  }
}

/** Files dropped anywhere on the page. */
export function acceptDrops(app: App): void {
  let depth = 0;
  const veil = h(
    'div',
    { class: 'drop-veil', 'aria-hidden': 'true' },
    h('p', {}, 'Drop it: the music will follow'),
  );
  document.body.append(veil);
  const show = (on: boolean) => veil.classList.toggle('on', on);
  const isFile = (event: DragEvent) => event.dataTransfer?.types.includes('Files') === true;
  addEventListener('dragenter', (event) => {
    if (isFile(event)) show(++depth > 0);
  });
  addEventListener('dragleave', (event) => {
    if (isFile(event)) show(--depth > 0);
  });
  addEventListener('dragover', (event) => isFile(event) && event.preventDefault());
  addEventListener('drop', (event) => {
    if (!isFile(event)) return;
    event.preventDefault();
    depth = 0;
    show(false);
    const file = event.dataTransfer?.files[0];
    if (file) void takeFile(app, file);
  });
}
