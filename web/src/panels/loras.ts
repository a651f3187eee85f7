// The shelf of styles (LoRAs): find one, switch it on, set its strength.
import type { App } from '../app';
import { loraKnob, STRONGEST_LORA } from '../state/knobs';
import { triggersOf } from '../state/prompt';
import { fader, panel } from '../ui/controls';
import { h, pressed } from '../ui/dom';
import type { LoraEntry } from '../wire/messages';

/** From there on a search field is worth its place. */
const MANY = 6;

interface Row {
  element: HTMLElement;
  show(): void;
}

export function loraPanel(app: App): HTMLElement {
  const { desk } = app;
  const search = h('input', { type: 'search', placeholder: 'Find a style …', 'aria-label': 'Find a style' });
  const shelf = h('div', { class: 'shelf' });
  const rows = new Map<string, Row>();
  const fill = () => {
    const catalog = desk.catalog.get().filter((lora) => lora.compatible !== false);
    search.hidden = catalog.length < MANY;
    const wanted = search.value.trim().toLowerCase();
    const found = catalog.filter((lora) => matches(lora, wanted));
    shelf.replaceChildren();
    if (catalog.length === 0) {
      shelf.append(
        h(
          'p',
          { class: 'hint' },
          'No styles are installed. Put LoRA files into the server’s folder “loras”.',
        ),
      );
    }
    for (const [genre, loras] of byGenre(found)) {
      if (genre) shelf.append(h('h3', {}, genre));
      for (const lora of loras) {
        const row = rows.get(lora.id) ?? loraRow(app, lora);
        rows.set(lora.id, row);
        shelf.append(row.element);
      }
    }
  };
  desk.catalog.watch(fill);
  search.oninput = fill;
  desk.loras.watch(() => {
    for (const row of rows.values()) row.show();
  });
  return panel('styles', 'Styles', search, shelf);
}

function matches(lora: LoraEntry, wanted: string): boolean {
  if (!wanted) return true;
  const { description, primary_genre: genre, tags, moods } = lora.metadata;
  return [lora.name, description, genre, ...tags, ...moods].some((text) =>
    text?.toLowerCase().includes(wanted),
  );
}

function byGenre(loras: LoraEntry[]): Map<string, LoraEntry[]> {
  const groups = new Map<string, LoraEntry[]>();
  for (const lora of loras) {
    const genre = lora.metadata.primary_genre ?? '';
    groups.set(genre, [...(groups.get(genre) ?? []), lora]);
  }
  return new Map([...groups].sort(([a], [b]) => a.localeCompare(b)));
}

function loraRow(app: App, lora: LoraEntry): Row {
  const { desk, session } = app;
  const slot = () =>
    desk.loras.get().get(lora.id) ?? { on: false, strength: lora.metadata.recommended_strength ?? 1 };
  const button = h(
    'button',
    { type: 'button', class: 'lora-on', 'data-lora': lora.id },
    lora.name || lora.id,
  );
  button.onclick = () => session.commands.setLora(lora.id, !slot().on, slot().strength);
  const level = fader(
    {
      name: loraKnob(lora.id),
      label: `Strength of ${lora.name}`,
      min: 0,
      max: STRONGEST_LORA,
      step: 0.05,
      initial: lora.metadata.recommended_strength ?? 1,
      visible: false,
      text: (value) => value.toFixed(2),
    },
    (strength) => desk.setLora(lora.id, { strength }),
  );
  const words = triggersOf(lora).join(', ');
  const about = [lora.metadata.description, words && `Trigger words: ${words}`].filter(Boolean).join(' ');
  const element = h('div', { class: 'lora', title: about || lora.name }, button, level.element);
  const show = () => {
    const { on, strength } = slot();
    pressed(button, on);
    element.classList.toggle('on', on);
    level.show(strength);
  };
  show();
  return { element, show };
}
