/** What is to be split: so many costs, all in one call or each in its own, so many times in a row. */
export interface Split {
  way: 'batch' | 'single';
  items: number;
  times: number;
}
