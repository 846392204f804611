# A formula of Homebrew on Linux: `release/finish` fills in version, address and sums.
class Infractl < Formula
  desc "One binary in front of an infrastructure repository"
  homepage "@HOMEPAGE@"
  version "@VERSION@"
  license any_of: ["MIT", "Apache-2.0"]

  depends_on :linux

  on_intel do
    url "@URL@/infractl-@VERSION@-x86_64-unknown-linux-musl.tar.gz"
    sha256 "@SUM-X86_64@"
  end

  on_arm do
    url "@URL@/infractl-@VERSION@-aarch64-unknown-linux-musl.tar.gz"
    sha256 "@SUM-AARCH64@"
  end

  def install
    bin.install "infractl"
    man1.install "man/infractl.1"
    bash_completion.install "completions/infractl.bash" => "infractl"
    zsh_completion.install "completions/_infractl"
    fish_completion.install "completions/infractl.fish"
  end

  test do
    assert_equal "infractl #{version}", shell_output("#{bin}/infractl --version").strip
  end
end
