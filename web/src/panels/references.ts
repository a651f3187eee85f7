// Clips that lend their timbre or their structure to the music.
import type { App } from '../app';
import { cut, decodeAudio, LONGEST_CLIP_S } from '../player/decode';
import type { Reference, Track } from '../state/desk';
import { trackTitle } from '../text';
import { fader, panel } from '../ui/controls';
import { h, iconButton } from '../ui/dom';
import { toast } from '../ui/toast';
import type { Pcm } from '../wire/frames';
import { recordMicrophone } from './microphone';

const HELP = {
  timbre: 'The sound of another clip: its instruments and its room.',
  structure: 'The course of another clip: its melody and its rhythm.',
};
type Kind = keyof typeof HELP;

export function referencePanel(app: App): HTMLElement {
  const strength = fader(
    {
      name: 'timbre_strength',
      label: 'Timbre strength',
      min: 0,
      max: 1,
      step: 0.01,
      initial: 1,
      text: (value) => `${Math.round(value * 100)} %`,
    },
    (value) => {
      app.desk.timbreStrength.set(value);
      app.session.commands.sendTimbreStrength();
    },
  );
  app.desk.timbreStrength.watch((value) => strength.show(value));
  return panel(
    'references',
    'References',
    slot(app, 'timbre', 'Timbre'),
    strength.element,
    slot(app, 'structure', 'Structure'),
  );
}

function text({ state, name, error, seconds }: Reference): string {
  switch (state) {
    case 'none':
      return 'the track’s own';
    case 'sending':
      return `${trackTitle(name)} …`;
    case 'failed':
      return `${trackTitle(name)}: ${error}`;
    case 'set':
      return `${trackTitle(name)}, ${Math.round(seconds)} s`;
  }
}

function slot(app: App, kind: Kind, title: string): HTMLElement {
  const { desk, session } = app;
  const now = h('span', { class: 'reference-now', role: 'status' });
  const clear = iconButton('close', `Back to the track’s own ${kind}`, {
    onclick: () => session.commands.clearReference(kind),
  });
  const choose = h('select', { 'aria-label': `${title} reference` });
  const file = h('input', { type: 'file', accept: 'audio/*', hidden: true });
  const fill = () => {
    const catalog = app.catalog.get();
    choose.replaceChildren(h('option', { value: '' }, 'Choose …'));
    const library = h('optgroup', { label: 'Library' });
    for (const track of catalog ? app.tracks(catalog) : []) {
      library.append(h('option', { value: `${track.kind}:${track.name}` }, trackTitle(track.name)));
    }
    const own = h(
      'optgroup',
      { label: 'Yours' },
      h('option', { value: 'file' }, 'A file …'),
      h('option', { value: 'mic' }, 'The microphone …'),
    );
    choose.append(own, library);
  };
  app.catalog.watch(fill);
  choose.onchange = () => {
    const { value } = choose;
    choose.value = '';
    if (value === 'file') file.click();
    else if (value === 'mic') recordMicrophone(app, (pcm) => give(app, kind, 'Microphone', pcm));
    else if (value) void fromLibrary(app, kind, value);
  };
  file.onchange = async () => {
    const chosen = file.files?.[0];
    file.value = '';
    if (!chosen) return;
    try {
      give(app, kind, chosen.name, await decodeAudio(await chosen.arrayBuffer(), chosen.name));
    } catch (error) {
      toast(error instanceof Error ? error.message : String(error), 'error');
    }
  };
  desk[kind].watch((reference) => {
    now.textContent = text(reference);
    now.className = `reference-now ${reference.state}`;
    clear.hidden = reference.state === 'none';
  });
  return h(
    'div',
    { class: 'reference', title: HELP[kind], 'data-reference': kind },
    h('span', { class: 'reference-title' }, title),
    now,
    clear,
    choose,
    file,
  );
}

async function fromLibrary(app: App, kind: Kind, value: string): Promise<void> {
  const [trackKind, name] = [
    value.slice(0, value.indexOf(':')) as Track['kind'],
    value.slice(value.indexOf(':') + 1),
  ];
  const { info } = app.catalog.get() ?? {};
  const known = info?.server === 'headroom' || info?.server_side_fixtures.includes(name);
  if (known) {
    app.session.commands.setReference(kind, name, null);
    return;
  }
  try {
    give(app, kind, name, await app.audioOf({ kind: trackKind, name }));
  } catch (error) {
    toast(error instanceof Error ? error.message : String(error), 'error');
  }
}

function give(app: App, kind: Kind, name: string, pcm: Pcm): void {
  app.session.commands.setReference(kind, name, cut(pcm, 0, LONGEST_CLIP_S));
}
