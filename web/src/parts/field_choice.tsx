// Chooses a field of runs by name.
import { keyOf } from "../text/run_columns.ts";

export function FieldChoice(props: {
  label: string;
  fields: string[];
  value: string;
  onChoose: (field: string) => void;
}) {
  const { label, fields, value, onChoose } = props;
  const known = fields.includes(value) || value === "" ? fields : [value, ...fields];
  return (
    <label class="row quiet">
      {label}
      <select
        aria-label={label}
        class="field"
        value={value}
        onChange={({ currentTarget }) => onChoose(currentTarget.value)}
      >
        {known.map((name) => (
          <option key={name} value={name}>
            {name.startsWith("params.") ? `${keyOf(name)} (param)` : keyOf(name)}
          </option>
        ))}
      </select>
    </label>
  );
}
