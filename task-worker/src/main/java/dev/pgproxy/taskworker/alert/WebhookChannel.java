package dev.pgproxy.taskworker.alert;

import dev.pgproxy.common.ipc.Alert;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;

/** Posts JSON to a URL. */
final class WebhookChannel implements AlertChannel {

    private static final int FIRST_SUCCESS = 200;
    private static final int FIRST_FAILURE = 300;

    private final String url;
    private final HttpClient client;

    WebhookChannel(String url) {
        this.url = url;
        this.client = HttpClient.newBuilder()
                .connectTimeout(Duration.ofMillis(TIMEOUT_MS))
                .version(HttpClient.Version.HTTP_1_1)
                .build();
    }

    @Override
    public String name() {
        return "notify.webhook";
    }

    @Override
    public void send(Alert alert) throws AlertException, InterruptedException {
        int status;
        try {
            HttpRequest request = HttpRequest.newBuilder(URI.create(url))
                    .timeout(Duration.ofMillis(TIMEOUT_MS))
                    .header("Content-Type", "application/json")
                    .POST(HttpRequest.BodyPublishers.ofString(Json.of(alert)))
                    .build();
            status =
                    client.send(request, HttpResponse.BodyHandlers.discarding()).statusCode();
        } catch (IOException e) {
            throw new AlertException("it could not be reached: " + e);
        } catch (IllegalArgumentException e) {
            throw new AlertException("its URL is invalid"); // The URL itself is often a secret.
        }
        if (status < FIRST_SUCCESS || status >= FIRST_FAILURE) {
            throw new AlertException("it answered with HTTP status " + status);
        }
    }
}
