/** A consumer of order events: packs orders, and writes what a rule's template has made of one. */
export const handler = async (event) => {
  if (typeof event === "string") {
    console.log(event);
    return { notified: event };
  }
  const { id, total } = event.detail;
  if (total > 10_000) throw new RangeError(`order ${id} is too heavy to pack`);
  console.log(`Packing order ${id}`);
  return { packed: id };
};
