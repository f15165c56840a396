package dev.pgproxy.common.config;

/**
 * One thing that is wrong in a configuration file.
 *
 * @param file as the operator named it
 * @param line where the key stands, from 1; 0 when it is missing
 * @param key the key in question
 * @param problem what is wrong
 * @param remedy what would be right
 */
public record ConfigProblem(String file, int line, String key, String problem, String remedy) {

    @Override
    public String toString() {
        String where = line > 0 ? file + ":" + line : file;
        return where + ": " + key + ": " + problem + "\n    HINT: " + remedy;
    }
}
