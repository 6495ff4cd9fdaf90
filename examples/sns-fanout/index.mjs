/** Two subscribers of a topic on which orders are published: one writes invoices, one packs. */
const orders = (event) => event.Records.map(({ Sns }) => ({ ...JSON.parse(Sns.Message), subject: Sns.Subject }));

export const invoice = async (event) =>
  orders(event).map(({ id, total, subject }) => {
    console.log(`${subject ?? "Order"}: invoice of ${total} for ${id}`);
    return { invoice: id, total };
  });

export const pack = async (event) =>
  orders(event).map(({ id, to }) => {
    console.log(`Packing ${id} for ${to.city}`);
    return { packed: id, city: to.city };
  });
