import { InvalidArgumentError, Option } from 'commander';

/** Parses an option that must be a whole number within bounds. */
export const wholeNumber = (min: number, max: number) => (text: string) => {
  const value = Number(text);
  if (text.trim() === '' || !Number.isInteger(value) || value < min || value > max) {
    throw new InvalidArgumentError(`must be a whole number from ${min} to ${max}.`);
  }
  return value;
};

export const dataDir = () => new Option('--data-dir <folder>', 'where keys, databases and logs live').default('.edda');
