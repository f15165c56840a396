package dev.pgproxy.adminworker.sql;

import java.util.Map;
import java.util.TreeMap;

/** Where the pieces of a rewritten statement stood in what its author wrote. */
final class Places {

    static final Places NONE = new Places();

    private final TreeMap<Integer, Integer> originals = new TreeMap<>();

    /** What begins there in the rewritten statement stood there in the original, both from 0. */
    void put(int rewritten, int original) {
        originals.put(rewritten, original);
    }

    /** The place in the original, from 0, of a place in the rewritten statement. */
    int original(int rewritten) {
        Map.Entry<Integer, Integer> piece = originals.floorEntry(rewritten);
        return piece == null ? rewritten : piece.getValue() + rewritten - piece.getKey();
    }
}
