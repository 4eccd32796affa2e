"""How buyers write: slips of the input method, dialects, pinyin, abbreviations, emoji. The tables of `normalise`."""

SLIPS = """
退款 退宽 退欠 退狂 退筐 腿款 褪款 退歀 退kuan tui款 退k
退货 退贷 退活 退或 推货 腿货 褪货 退伙 退祸 退huo
退或者 退或者
退或换 退或换
主推款 主推款
退款 推款
退钱 推钱 腿钱 退qian
退回 推回 腿回
换货 换贷 换或 唤货 焕货 患货 换伙 换huo
换或者 换或者
换或退 换或退
快递 快第 块递 快弟 筷递 快帝 快迪 块地 块第 快逓 快di 快遞
快点 快滴 快D 快d 快些 快一点 快一些 快点点
发货 发或 发活 法货 发贷 发伙 罚货 伐货 发huo fa货
发活动 发活动
发或者 发或者
发票 发漂 法票 发飘 罚票 发piao
物流 物硫 勿流 务流 物留 物刘 wu流
服务流 服务流
质量 质亮 质良 制量 智量 质里 zhi量
破损 破孙 破笋 迫损 坡损
签收 签受 签手 千收 签首
运费 运废 云费 运飞
运费险 运费显 运废险 运险费 退货险 退换险
价保 价宝
保价 宝价
差价 差家 叉价 差假
降价 降家 酱价
地址 地止 地扯 地纸 地趾 弟址 地之
收货 收贷
到货 到贷
付款 付宽 负款 附款 付狂 富款
支付 支负 之付
优惠券 优惠卷 优会券 优惠圈 优惠劵 优惠倦 优慧券
券 劵
花呗 花贝 花被
尺码 尺吗 尺马 尺玛 呎码
尺寸 尺存 尺村 呎寸
颜色 言色
假货 假贷 价货 甲货
正品 正平
瑕疵 暇疵 瑕次 霞疵
少件 少间
投诉 投拆 头诉 投素 投速 透诉
举报 举抱 据报
差评 叉评 差平
垃圾 拉圾 垃级 垃鸡 拉鸡 辣鸡 垃j 拉几 垃几 垃及
骗子 偏子 骗纸 骗孑
客服 客福 客户服务 在线客服
订单 定单 订担
账 帐
申请 申清 甚请 深请 伸请
驿站 役站 译站
揽收 揽受 览收 懒收
派送 排送 派松
取件 取见 去件
仓库 仓裤 苍库
预售 予售 预受
缺货 缺贷
过敏 过闵
怎么 怎莫 咋个 咋么 肿么 啷个 咋 杂么 乍么 zen么 怎me 如何
怎么样 咋样 怎样 怎末样
什么 什莫 神马 啥子 撒子 森么 什摸 甚么 乜嘢 咩嘢 啥 什末
什么时候 啥时候 啥时 何时 几时 啥辰光 啥前儿 什么时侯 啥时侯 什么适候 多会儿 多早晚
为什么 为啥 点解 为何 为毛
怎么回事 咋回事 怎么肥事 肿么回事 怎么肥四 咋肥事
没 没有 木有 莫得 没得 冇得 冇 毛有 么得
有没 有没有 有冇 有木有
还没 仲未 还未 仲冇 尚未 仍未
没收到 未收到
没发 未发
没到 未到
没签收 未签收
没付 未付
没拆 未拆
不 唔 吥 卟
不用 甭 唔使 不须 无需 不需要 用不着 不必
不要 表要 唔要
可以 口以 阔以 得唔得 可不可以 可唔可以 可否 能否
能不能 能唔能
吗 咩 麽
能吗 能伐
退吗 退伐
换吗 换伐
的 嘅
给 畀 俾
他 佢
我 俺
你 您 侬 恁 妳
了 咗
一下 一哈 哈子 一蛤 一哈子 一吓
哪里 哪儿 边度 那里 哪噶 哪点儿
这么 咁 介么
些 啲
现在 而家 宜家 目前
东西 嘢 东东 冬西
知道 晓得
没事 冇事
谢谢 蟹蟹 谢蟹 谢射 唔该 多谢 3q 3克油 三克油 谢啦 谢了 感谢 谢过
在吗 再吗 在嘛 再么 再嘛 在伐 在咩 在麽
你好 泥嚎 你号 拟好 雷猴 你嚎 妮好
怎么弄 怎么整 怎么搞 怎么办理 怎么操作 咋搞 咋整 咋弄 怎么处置
便宜 便易 偏宜 便谊
坏 怀掉
退一赔三 退1赔3 退一陪三 退一赔3 退一罚三
假一赔十 假1赔10 假一陪十 假一赔三 假一赔四 假一赔10 假一罚十
七天无理由 7天无理由 七日无理由 7日无理由 七无理由 7天五理由 七天五理由 七天无里由 7天无理 七无
拼多多 并夕夕 拼夕夕
淘宝 桃宝 陶宝 某宝
傻逼 傻b 傻比 傻币 煞笔 煞比 傻x 傻叉 傻吊 傻屌 沙比 沙币 沙笔 沙逼 鲨比 傻毕 傻批 啥b 杀b 傻缺
傻逼 傻* 煞b 鲨臂 煞逼 杀笔 啥比 傻13 傻狍
他妈 特么 他吗的 踏马 他m 特喵 塔玛 tama 他娘 他奶奶 塔妈 他么 特麽 他麻 踏妈 他🐴 特么的
你妈 尼玛 泥马 尼妈 你吗的 你m 你🐴 你麻
艹 肏 艸
草泥马 操你妈 草你妈 艹你妈 曹尼玛 操尼玛 草拟妈 草泥玛 操泥马 日你妈 干你娘 草你吗 操你吗 c你妈 操你娘 草尼玛 日你先人
草泥马 日你仙人 曰你妈 日你m 干你妈 叼你老母 屌你老母 丢你老母 超你妈 靠你妈 敲你妈
妈卖批 麻卖批 mmp 卖麻批 妈麦皮
脑残 脑惨 恼残
智障 制杖 智杖 智帐
王八蛋 忘八蛋 王八羔子 王八犊子
恶心 恶xin 呕心
无语 五语
"""
"""The right spelling and its variants a line: only what can hardly be another word in a shop. The longest variant wins,
and a word may guard itself: 退或者 is not 退货者."""

LATIN = """
退款 tk tuikuan refund refunds refunded
退货 th tuihuo return returns
退货退款 thtk
退钱 tuiqian
换货 huanhuo exchange
换 huan replace
退 tui
快递 kd kuaidi express courier
物流 wl wuliu logistics tracking
发货 fh fahuo shipped
发 fa
发票 fp fapiao invoice
质量 zhiliang quality
地址 dz dizhi address
改地址 gdz gaidizhi
付款 fk fukuan payment
支付 zf zhifu pay
优惠券 yhq youhuiquan coupon
运费险 yfx
运费 yf yunfei
价保 jiabao
差价 chajia
补差价 bcj
差评 cp chaping
投诉 ts tousu complain
举报 jubao
骗子 pianzi scam
垃圾 lj laji rubbish
客服 kf kefu
订单 dingdan order
单号 danhao
破损 posun damaged
坏 huaile huai broken
签收 qianshou
顺丰 sf shunfeng
京东 jd
淘宝 tb
拼多多 pdd
圆通 yto
中通 zto
申通 sto
韵达 yd yunda
邮政 ems
什么时候 shenmeshihou shenmesh ssh when
怎么 zenme zm how
什么 shenme sm what
为什么 weishenme wsm why
哪里 nali where
多久 duojiu
没 meiyou mei
好的 ok okk okay haode oki
好 hao
谢谢 xiexie thx thanks ty thank thankyou tks
你好 nihao nh hi hello hey hallo
在吗 zaima
亲 qin
吗 ma
的 de
了 le
我要 woyao
我 wo
不要了 buyaole
不 bu
可以 keyi ky
请 please pls plz
包裹 package parcel
到 dao arrive arrived
收到 shoudao received
尺码 chima size
颜色 yanse
大码 dama
正品 zhengpin
假货 jiahuo fake
有货 youhuo
多少钱 duoshaoqian
钱 money qian
傻逼 sb shabi dsb dashabi shab sabi
他妈的 tmd tm md mlgb fuck fck fucking shit damn
草泥马 cnm nmsl wcnm wdnmd rnm nmd nmb cnmd qnmd nmlgb nima
脑残 naocan
智障 zhizhang
无语 wuyu
"""
"""Whole Latin words; neighbours are also tried as one (tui kuan)."""

SMILES = {
    "怒": "😡😠🤬😤👿💢🖕💩😾",
    "踩": "👎",
    "哭": "😭😢😥😓😩😫😞😔😟🥺💔😖😣",
    "嘲": "🙄😒🙃😅🤡😑😐😏🤮🤢",
    "谢": "🙏🌹💐",
    "赞": "👍👌💯❤🧡💛💚💙💜🥰😍😘💕💗💖",
    "笑": "😊😀😃😄😁🙂😋☺😂🤣😆😉😇🤗😜👋✨🎉",
}
"""Emoji by mood."""

FACES = {
    "怒": "发怒 怒 愤怒 生气 抓狂 咒骂 敲打 鄙视 便便 刀 菜刀 炸弹 哼 右哼哼 左哼哼 怒骂",
    "踩": "踩 差评 差劲",
    "哭": "流泪 大哭 哭 快哭了 委屈 难过 可怜 泪 悲伤 心碎 衰 苦涩 裂开 伤心 叹气",
    "嘲": "白眼 撇嘴 嘲笑 呵呵 冷汗 吐 无语 汗 擦汗 翻白眼",
    "谢": "抱拳 合十 谢谢 玫瑰 鲜花 鞠躬 比心 爱心",
    "赞": "强 赞 ok 胜利 棒 点赞 鼓掌",
    "笑": "微笑 呲牙 愉快 憨笑 偷笑 害羞 可爱 调皮 嘿哈 捂脸 笑哭 机智 得意 龇牙 开心 大笑 色 亲亲 飞吻 握手",
    "图": "图片 图 照片 视频 image video 表情 动画表情 语音 文件 链接 商品 订单 商品链接 卡片 截图",
}
"""What chat programs write in brackets."""

KAOMOJI = {
    "怒": "╯︵┻━┻ (╯°□°)╯ (╬ >_<#",
    "哭": "t_t t.t tat qaq ㄒoㄒ ;_; 〒_〒 ┭┮﹏┭┮ (>_<) 〒▽〒 qwq tt.tt",
    "嘲": "-_-|| -_-! -_- =_= 一_一 -.- =.= ¬_¬ →_→",
    "谢": "orz or2",
    "笑": "^_^ ^-^ ^^ ^.^ (*^▽^*) :) :-) (=^.^=) o(∩_∩)o ≧▽≦ (●'◡'●) ^o^",
}
"""Faces drawn with letters, after Unicode's compatibility folding and in lower case."""

HAILS = """
你好 在吗 在不在 亲亲 亲爱的 亲 老板娘 老板 掌柜的 掌柜 客服 店家 卖家 喂 小姐姐 请问一下 请问 问一下 问下 想问一下
想问下 我想问一下 我想问下 我想问 麻烦 那个 ,
"""
"""What a message opens with before it comes to the point, in plain spelling."""

TAILS = "啊 呀 哦 哈 啦 嘛 哒 噢 喔 呗 亲 喇 嗷 捏 鸭 〔图〕 〔笑〕 〔哭〕 ,"
"""What it ends with after the point."""
