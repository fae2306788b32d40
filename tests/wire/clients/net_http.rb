# Ruby's net/http, on one connection: plain, with leave to continue asked for, packed, and in chunks.
require "net/http"
require "stringio"
require "zlib"

url = URI(ARGV[0] + "/v1/chat/completions")
Net::HTTP.start(url.host, url.port) do |http|
  http.continue_timeout = 5
  %w[plain continued gzip chunked].each do |kind|
    { "whole" => ARGV[1], "streamed" => ARGV[2] }.each do |name, body|
      request = Net::HTTP::Post.new(url, "Authorization" => "Bearer akml-ruby", "Content-Type" => "application/json")
      request["Expect"] = "100-continue" if kind == "continued"
      request["Content-Encoding"] = "gzip" if kind == "gzip"
      if kind == "chunked"
        request["Transfer-Encoding"] = "chunked"
        request.body_stream = StringIO.new(body)
      else
        request.body = kind == "gzip" ? Zlib.gzip(body) : body
      end
      read = +""
      answer = http.request(request) { |response| response.read_body { |part| read << part } }
      puts "#{kind}-#{name} #{answer.code} #{[read].pack("m0")}"
    end
  end
end
