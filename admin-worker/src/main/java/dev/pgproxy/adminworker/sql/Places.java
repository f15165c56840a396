package dev.pgproxy.adminworker.sql;

import java.util.Map;
import java.util.TreeMap;

/** Maps places in a rewritten statement to those in the original. */
final class Places {

    static final Places NONE = new Places();

    private final TreeMap<Integer, Integer> originals = new TreeMap<>();

    /** Records where a piece begins in the rewritten statement and where it began in the original, both from 0. */
    void put(int rewritten, int original) {
        originals.put(rewritten, original);
    }

    /** The place in the original, from 0, of a place in the rewritten statement. */
    int original(int rewritten) {
        Map.Entry<Integer, Integer> piece = originals.floorEntry(rewritten);
        return piece == null ? rewritten : piece.getValue() + rewritten - piece.getKey();
    }
}
