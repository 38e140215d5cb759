// A client that says exactly the bytes it is told to.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace foldstream::http {

// Every wait of the tests ends after this many seconds, as a failure.
inline constexpr int patience_seconds = 10;

class Client {
public:
    explicit Client(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
        const timeval wait{patience_seconds, 0};
        setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        connected_ = connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
    }
    ~Client() { ::close(socket_); }
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;

    [[nodiscard]] bool connected() const { return connected_; }
    void say(std::string_view bytes) const {
        while (!bytes.empty()) {
            const ssize_t n = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (n <= 0) return;
            bytes.remove_prefix(static_cast<std::size_t>(n));
        }
    }
    void finish() const { shutdown(socket_, SHUT_WR); }

    // One answer: head and as much body as Content-Length says. Empty when the connection ended.
    std::string answer(bool head_only = false) {
        std::size_t end = std::string::npos;
        while ((end = got_.find("\r\n\r\n")) == std::string::npos) {
            if (!more()) return {};
        }
        end += 4;
        if (!head_only) end += content_length(got_.substr(0, end));
        while (got_.size() < end) {
            if (!more()) return {};
        }
        std::string taken = got_.substr(0, end);
        got_.erase(0, end);
        return taken;
    }
    // True when the server has closed and nothing more is to be read.
    bool closed() {
        while (more()) {
        }
        return got_.empty() && ended_;
    }

private:
    bool more() {
        std::array<char, 4096> bytes{};
        const ssize_t n = recv(socket_, bytes.data(), bytes.size(), 0);
        if (n == 0 || (n < 0 && errno == ECONNRESET)) ended_ = true;
        if (n <= 0) return false;
        got_.append(bytes.data(), static_cast<std::size_t>(n));
        return true;
    }
    static std::size_t content_length(const std::string& head) {
        constexpr std::string_view name = "Content-Length: ";
        const std::size_t at = head.find(name);
        return at == std::string::npos ? 0 : std::stoul(head.substr(at + name.size()));
    }

    int socket_;
    bool connected_ = false;
    bool ended_ = false;
    std::string got_;
};

}  // namespace foldstream::http
