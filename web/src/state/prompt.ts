// Prompts on the wire: trigger words of the styles that are on, then the musician's own text.
import type { LoraEntry } from '../wire/messages';

/** Trigger words of a style; the primary one alone where one is named. */
export function triggersOf(lora: LoraEntry): string[] {
  const { primary_trigger_word: primary, trigger_words: all } = lora.metadata;
  return primary ? [primary] : all.slice(0, 1);
}

const same = (a: string, b: string) => a.trim().toLowerCase() === b.trim().toLowerCase();

/** The text without known trigger words at its beginning. */
export function stripTriggers(text: string, known: string[]): string {
  const parts = text.split(',');
  while (parts.length > 0 && known.some((word) => same(word, parts[0]!))) parts.shift();
  return parts.join(',').trim();
}

/** What is sent: words of enabled styles once each, then the text. */
export function wirePrompt(text: string, catalog: LoraEntry[], enabled: ReadonlySet<string>): string {
  const known = catalog.flatMap((lora) => [...lora.metadata.trigger_words, ...triggersOf(lora)]);
  const words: string[] = [];
  for (const lora of catalog) {
    if (!enabled.has(lora.id)) continue;
    for (const word of triggersOf(lora)) if (!words.some((have) => same(have, word))) words.push(word);
  }
  const own = stripTriggers(text, known);
  return [...words, own].filter((part) => part !== '').join(', ');
}

const NOTES = ['C', 'C#', 'Db', 'D', 'D#', 'Eb', 'E', 'F', 'F#', 'Gb', 'G', 'G#', 'Ab', 'A', 'A#', 'Bb', 'B'];
export const KEYS: readonly string[] = NOTES.flatMap((note) => [`${note} major`, `${note} minor`]);
export const TIME_SIGNATURES: readonly string[] = ['2', '3', '4', '6'];
export const timeSignatureName = (value: string): string => (value === '6' ? '6/8' : `${value}/4`);
