# frozen_string_literal: true

require 'socket'

module Alonzo
  # Client of the Runtime API on a raw socket: just the HTTP/1.1 that it needs. An answer and the request for the next
  # invocation leave in one write (limits.md section 2).
  class RuntimeApi
    BASE = '/2018-06-01/runtime'
    Invocation = Struct.new(:headers, :body)
    Answer = Struct.new(:status, :headers, :body)

    # The Runtime API refused what this runtime sent: the environment is to be started anew.
    class Refused < StandardError; end

    def initialize(address, socket_path)
      @address = address
      @socket_path = socket_path
      @next = "GET #{BASE}/invocation/next HTTP/1.1\r\nHost: #{address}\r\n\r\n".b
      connect
    end

    # Waits for the first invocation. Every later one comes back from the answer to the one before.
    def next_invocation
      @socket.write(@next)
      invocation
    end

    def respond(request_id, body, content_type)
      answer(post("/invocation/#{request_id}/response", body, 'Content-Type' => content_type))
    end

    def fail(request_id, error_type, body)
      answer(post("/invocation/#{request_id}/error", body, error_headers(error_type)))
    end

    def init_error(error_type, body)
      @socket.write(post('/init/error', body, error_headers(error_type)))
      read
    end

    private

    def connect
      if @socket_path
        @socket = UNIXSocket.new(@socket_path)
      else
        host, _, port = @address.rpartition(':')
        @socket = TCPSocket.new(host, port.to_i)
        @socket.setsockopt(Socket::IPPROTO_TCP, Socket::TCP_NODELAY, 1)
      end
    end

    def error_headers(error_type)
      { 'Content-Type' => 'application/json', 'Lambda-Runtime-Function-Error-Type' => error_type }
    end

    def post(path, body, headers)
      lines = headers.map { |name, value| "#{name}: #{value}\r\n" }.join
      "POST #{BASE}#{path} HTTP/1.1\r\nHost: #{@address}\r\n#{lines}Content-Length: #{body.bytesize}\r\n\r\n".b + body.b
    end

    def answer(request)
      status = nil
      begin
        @socket.write(request + @next)
        told = read
        status = told.status
        # 400: answered before, by the function itself perhaps. The wait that left with the answer holds all the same.
        if status == 400 then warn(refusal(told))
        elsif ![202, 413].include?(status) then refuse(told)
        end
        return invocation
      rescue SystemCallError, IOError
        # A server may close after refusing a body that is too large: the caller was told, the wait goes on.
        raise unless status == 413 || refused_as_too_large?
      end
      connect
      next_invocation
    end

    def refused_as_too_large?
      read.status == 413
    rescue SystemCallError, IOError
      false
    end

    def invocation
      told = read
      refuse(told) unless told.status == 200
      Invocation.new(told.headers, told.body)
    end

    def read
      status = line[9, 3].to_i
      headers = {}
      until (text = line).empty?
        name, _, value = text.partition(':')
        headers[name.downcase] = value.strip
      end
      body = headers['transfer-encoding'] == 'chunked' ? chunks : @socket.read(headers.fetch('content-length', 0).to_i)
      Answer.new(status, headers, body)
    end

    def line
      (@socket.gets("\r\n") || raise(EOFError, 'the Runtime API closed the connection')).chomp("\r\n")
    end

    def chunks
      body = String.new
      loop do
        chunk = @socket.read(line.to_i(16))
        line
        return body if chunk.nil? || chunk.empty?

        body << chunk
      end
    end

    def refuse(told)
      raise Refused, refusal(told)
    end

    def refusal(told)
      "The Runtime API answered #{told.status}: #{told.body}"
    end
  end
end
