// Courts that leases may pin.
import type { Reducers } from "./reducer.ts";

export const courts: Reducers<"courts"> = {
  CourtActivated: (state, { courtId, court }) => ({ ...state, courts: state.courts.set(courtId, court) }),
};
