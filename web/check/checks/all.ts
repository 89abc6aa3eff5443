// All checks, by their number.
import type { Check } from "../harness/check.ts";
import { alone } from "./01_alone.ts";
import { budget } from "./02_budget.ts";
import { cold } from "./03_cold.ts";
import { scroll } from "./04_scroll.ts";
import { columns } from "./05_columns.ts";
import { spike } from "./06_spike.ts";
import { digits } from "./07_digits.ts";
import { odd } from "./08_odd.ts";
import { smoothing } from "./09_smoothing.ts";
import { groups } from "./10_groups.ts";
import { live } from "./11_live.ts";
import { restart } from "./12_restart.ts";
import { tabs } from "./13_tabs.ts";
import { address } from "./14_address.ts";
import { frozen } from "./15_frozen.ts";
import { compare, differing } from "./16_compare.ts";
import { decision } from "./18_decision.ts";
import { counterfactual } from "./19_counterfactual.ts";
import { channel } from "./20_channel.ts";
import { lineage } from "./21_lineage.ts";
import { churn } from "./22_churn.ts";
import { keyboard } from "./23_keyboard.ts";
import { hostile } from "./25_hostile.ts";

const WRITTEN: Check[] = [
  alone,
  budget,
  cold,
  scroll,
  columns,
  spike,
  digits,
  odd,
  smoothing,
  groups,
  live,
  restart,
  tabs,
  address,
  frozen,
  compare,
  differing,
  decision,
  counterfactual,
  channel,
  lineage,
  churn,
  keyboard,
  hostile,
];

export const CHECKS: readonly Check[] = WRITTEN.sort((a, b) => a.number - b.number);
