package dev.pgproxy.common.config;

/**
 * One problem in a configuration file.
 *
 * @param file as the operator named it
 * @param line the key's line, from 1; 0 when the key is missing
 * @param key the key in question
 * @param problem what is wrong
 * @param remedy how to fix it
 */
public record ConfigProblem(String file, int line, String key, String problem, String remedy) {

    @Override
    public String toString() {
        String where = line > 0 ? file + ":" + line : file;
        return where + ": " + key + ": " + problem + "\n    HINT: " + remedy;
    }
}
