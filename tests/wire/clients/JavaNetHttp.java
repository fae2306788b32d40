import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.Base64;

/** java.net.http, as Spring AI, LangChain4j and Ktor use it: it offers h2c with the first request of a connection. */
class JavaNetHttp {
    public static void main(String[] args) throws Exception {
        var versions = new HttpClient.Version[] {null, HttpClient.Version.HTTP_2, HttpClient.Version.HTTP_1_1};
        for (var version : versions) {
            var builder = HttpClient.newBuilder();
            if (version != null) builder.version(version);
            var client = builder.build();
            for (var continued : new boolean[] {false, true}) {
                for (var each : new String[][] {{"whole", args[1]}, {"streamed", args[2]}}) {
                    var request = HttpRequest.newBuilder(URI.create(args[0] + "/v1/chat/completions"))
                        .header("Authorization", "Bearer akml-java")
                        .header("Content-Type", "application/json")
                        .expectContinue(continued)
                        .POST(HttpRequest.BodyPublishers.ofString(each[1]))
                        .build();
                    var answer = client.send(request, HttpResponse.BodyHandlers.ofByteArray());
                    var body = Base64.getEncoder().encodeToString(answer.body());
                    System.out.println(version + "-" + each[0] + (continued ? "-continued " : " ") + answer.statusCode() + " " + body);
                }
            }
        }
    }
}
