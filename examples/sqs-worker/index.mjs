/** Works on orders from a queue. Those that cannot be worked on are named: the others are not tried again. */
export const handler = async ({ Records }) => {
  const batchItemFailures = [];
  for (const { messageId, body } of Records) {
    try {
      const { order, amount } = JSON.parse(body);
      if (!(amount > 0)) throw new RangeError(`order ${order} has the amount ${amount}`);
      console.log(`order ${order}: ${amount}`);
    } catch (error) {
      console.error(`message ${messageId}: ${error.message}`);
      batchItemFailures.push({ itemIdentifier: messageId });
    }
  }
  return { batchItemFailures };
};
