// Message attributes, in the form of the AWS JSON protocol.

const typed = (value) => {
  switch (typeof value) {
    case "string":
      return { DataType: "String", StringValue: value };
    case "number":
    case "bigint":
      return { DataType: "Number", StringValue: String(value) };
    default:
      return Array.isArray(value) ? { DataType: "String.Array", StringValue: JSON.stringify(value) } : value;
  }
};

/** Gives plain values their types. */
export function withTypes(attributes) {
  return attributes && Object.fromEntries(Object.entries(attributes).map(([name, value]) => [name, typed(value)]));
}
